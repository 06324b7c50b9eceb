import type { MaybePromise } from './types.ts';

/** What a system tells of its processes. */
export interface ToldProcesses<Row> {
  list(): MaybePromise<Row[]>;
  find(pid: number): MaybePromise<Row | null>;
  /** Those of these pids that there are. */
  findSome(pids: readonly number[]): MaybePromise<Row[]>;
  /** At once, for a thread that may block. */
  listHere(): Row[];
  findHere(pid: number): Row | null;
}

export interface ToolTable<Told, Row> {
  /** Runs the tool. */
  read(): Promise<Told[]>;
  readHere(): Told[];
  isPid(pid: number): boolean;
  /** Throws for one of which it is not told who it is. */
  toRow(told: Told): Row;
  /** Those of which it is told. */
  toRows(all: Told[]): Row[];
  /** How old a table may be that took so long to read, in ms: for a look, and for what follows from a look at once. */
  longestAgeMs(tookMs: number): { find: number; findHere: number };
}

/**
 * A run of such a tool takes as long for one process as for all, so all are read, and a table serves whoever asks for the next one right
 * behind. Only who is in it: who is not may have begun since.
 */
export function readByTool<Told extends { pid: number }, Row>(tool: ToolTable<Told, Row>): Omit<ToldProcesses<Row>, 'findSome'> {
  let table: { atMs: number; tookMs: number; byPid: Map<number, Told> } | null = null;

  return {
    list,
    async find(pid) {
      if (!tool.isPid(pid)) return null;
      const known = recent(pid, 'find');
      if (known !== undefined) return tool.toRow(known);
      await list();
      return inTable(pid);
    },
    listHere,
    findHere(pid) {
      if (!tool.isPid(pid)) return null;
      const known = recent(pid, 'findHere');
      if (known !== undefined) return tool.toRow(known);
      listHere();
      return inTable(pid);
    },
  };

  async function list(): Promise<Row[]> {
    const sinceMs = performance.now();
    return keep(await tool.read(), sinceMs);
  }

  function listHere(): Row[] {
    const sinceMs = performance.now();
    return keep(tool.readHere(), sinceMs);
  }

  function keep(all: Told[], sinceMs: number): Row[] {
    const atMs = performance.now();
    table = { atMs, tookMs: atMs - sinceMs, byPid: new Map(all.map((one) => [one.pid, one])) };
    return tool.toRows(all);
  }

  function recent(pid: number, by: 'find' | 'findHere'): Told | undefined {
    if (table === null || performance.now() - table.atMs > tool.longestAgeMs(table.tookMs)[by]) return undefined;
    return table.byPid.get(pid);
  }

  function inTable(pid: number): Row | null {
    const told = table?.byPid.get(pid);
    return told === undefined ? null : tool.toRow(told);
  }
}
