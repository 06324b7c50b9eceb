import type { Result } from '../../protocol/methods/index.ts';
import type { PortEntry } from '../../protocol/types/port.ts';
import type { Protocol } from '../../protocol/types/primitives.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { OwnerScan, Placement, SocketQuery, SocketRow } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import { explainPort } from './explain.ts';
import { localAddresses, serves } from './hosts.ts';
import type { FindOwners } from './owners.ts';

/** Who holds ports: every listener, never a client of one. */
export interface PortQuestions {
  check(query: { port: number; protocol: Protocol; host: string | undefined }, signal?: AbortSignal): Promise<Result<'port/check'>>;
  find(query: PortQuery, signal?: AbortSignal): Promise<PortEntry[]>;
  /** Like find, and TCP sockets too that are bound and do not listen. */
  findHolders(query: { port: number; protocol: Protocol }, signal?: AbortSignal): Promise<PortEntry[]>;
  list(query: PageQuery, signal?: AbortSignal): Promise<{ entries: PortEntry[]; nextCursor?: string }>;
  explain(query: { port: number; protocols: Protocol[] }, signal?: AbortSignal): Promise<Result<'port/explain'>>;
}

export interface PortQuery {
  protocols: Protocol[];
  port: number;
  /** Only sockets that serve this local address; all when absent. */
  host?: string | undefined;
}

export interface PageQuery {
  protocols: Protocol[];
  /** The `nextCursor` of the page before. */
  cursor: string | undefined;
  limit: number;
}

export interface PortQuestionParts {
  pool: Pool;
  findOwners: FindOwners;
  /** Where a free port shows itself without a thread. */
  isSurelyFree?: ((address: string, port: number) => boolean) | undefined;
  /** Whether this user may look at the processes of all users. */
  seesAllOwners: boolean;
}

export function createPortQuestions({ pool, findOwners, isSurelyFree, seesAllOwners }: PortQuestionParts): PortQuestions {
  return {
    async check({ port, protocol, host }, signal) {
      const hosts = localAddresses(host);
      // Most are asked for because somebody wants one that is free; the way to a thread and back costs ten times the bind.
      const isFree = isSurelyFree && protocol === 'tcp' && (hosts ?? ['0.0.0.0', '::']).every((address) => isSurelyFree(address, port));
      if (isFree) return { inUse: false, canBind: true, reason: null };
      return pool.run('checkPort', { port, protocol, hosts }, { signal });
    },

    find: ({ protocols, port, host }, signal) => findEntries({ protocols, port }, localAddresses(host), signal),

    findHolders: ({ protocol, port }, signal) => findEntries({ protocols: [protocol], port, withBoundTcp: true }, null, signal),

    async list({ protocols, cursor, limit }, signal) {
      const { rows, candidates } = await pool.run('readSockets', { protocols }, { signal });
      const rest = rows.filter((row) => cursor === undefined || cursorOf(row) > cursor).sort(compareRows);
      const entries = await complete(rest.slice(0, limit), candidates, signal);
      const last = rest[limit - 1];
      return { entries, ...(rest.length > limit && last && { nextCursor: cursorOf(last) }) };
    },

    async explain({ port, protocols }, signal) {
      const { rows, candidates, ...facts } = await pool.run('explainPort', { port, protocols }, { signal });
      const entries = await complete(rows.sort(compareRows), candidates, signal);
      return explainPort({ port, protocols, entries, seesAllOwners: seesAllOwners && candidates !== null, ...facts });
    },
  };

  async function findEntries(query: SocketQuery, addresses: string[] | null, signal: AbortSignal | undefined): Promise<PortEntry[]> {
    const read = async () => {
      const { rows, candidates } = await pool.run('readSockets', query, { signal });
      return { rows: rows.filter((row) => serves(row, addresses)).sort(compareRows), candidates };
    };
    const { rows, candidates } = await read();
    const entries = await complete(rows, candidates, signal);
    if (entries.every(({ owners }) => owners.length > 0)) return entries;
    // Without an owner: it is hidden, or it was closed or handed over while we searched. Another read tells, and
    // what is the same socket still is held by someone whom we cannot see.
    const again = await read();
    return sameSockets(rows, again.rows) ? entries : complete(again.rows, again.candidates, signal);
  }

  async function complete(rows: SocketRow[], candidates: number[] | null, signal: AbortSignal | undefined) {
    const unowned = rows.filter((row) => row.pids === null && row.key !== 0);
    const scan =
      candidates === null
        ? null
        : await findOwners(
            unowned.map((row) => row.key),
            candidates,
          );
    signal?.throwIfAborted();
    const pidsOf = groupPids(rows, scan);
    const pids = [...new Set([...pidsOf.values()].flat())];
    if (pids.length === 0) return finish(rows, scan, pidsOf, new Map(), new Map());
    const [{ processes }, { placements }] = await Promise.all([
      pool.run('describeProcesses', { targets: pids.map((pid) => ({ pid })) }, { signal }),
      pool.run('placeProcesses', { pids }, { signal }),
    ]);
    const processOf = new Map(processes.filter((info) => info !== null).map((info) => [info.pid, info]));
    const placementOf = new Map(placements.map(({ pid, placement }) => [pid, placement]));
    return finish(rows, scan, pidsOf, processOf, placementOf);
  }
}

function groupPids(rows: SocketRow[], scan: OwnerScan | null): Map<SocketRow, number[]> {
  const byKey = Map.groupBy(scan?.owners ?? [], ({ key }) => key);
  return new Map(rows.map((row) => [row, row.pids ?? (byKey.get(row.key) ?? []).map(({ pid }) => pid)]));
}

function finish(
  rows: SocketRow[],
  scan: OwnerScan | null,
  pidsOf: Map<SocketRow, number[]>,
  processOf: Map<number, ProcessInfo>,
  placementOf: Map<number, Placement>,
) {
  return rows.map((row): PortEntry => {
    const owners = (pidsOf.get(row) ?? [])
      .map((pid) => processOf.get(pid))
      .filter((info) => info !== undefined)
      .sort((left, right) => left.startedAt - right.startedAt || left.pid - right.pid);
    const placement = owners[0] && placementOf.get(owners[0].pid);
    return {
      protocol: row.protocol,
      family: row.family,
      dualStack: row.dualStack === true,
      address: row.address,
      port: row.port,
      state: row.state,
      owners,
      visibility: visibilityOf(row, owners, scan),
      ...(placement?.container && { container: placement.container }),
      ...(placement?.unit && { unit: placement.unit }),
    };
  });
}

/**
 * A socket whose maker is none of the owners that we see has, or had, an owner of another user: where some
 * processes could not be read, that one may be among them (a root master and its workers share a listener).
 */
function visibilityOf(row: SocketRow, owners: ProcessInfo[], scan: OwnerScan | null): PortEntry['visibility'] {
  if (scan === null && row.pids === null) return 'unknown';
  if (owners.length === 0) return 'hidden';
  const makerIsSeen = row.uid === null || owners.some(({ user }) => user?.id === row.uid);
  return scan !== null && scan.unreadable > 0 && !makerIsSeen ? 'hidden' : 'full';
}

/** Where a row stands in the stable order, as text that compares as the rows do. */
function cursorOf({ port, protocol, family, address, key }: SocketRow): string {
  return [String(port).padStart(5, '0'), protocol, family, address, String(key).padStart(16, '0')].join(' ');
}

function sameSockets(before: SocketRow[], after: SocketRow[]): boolean {
  return before.length === after.length && before.every((row, index) => cursorOf(row) === cursorOf(after[index] as SocketRow));
}

function compareRows(left: SocketRow, right: SocketRow): number {
  const [leftKey, rightKey] = [cursorOf(left), cursorOf(right)];
  return leftKey < rightKey ? -1 : leftKey > rightKey ? 1 : 0;
}
