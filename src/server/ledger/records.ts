/*
 * What a ledger says: JSON lines. The first is the header; every other one tells of a start, by its random id. What is no
 * line of ours (a torn one, a kind that a newer sidecar writes) is skipped.
 */

/** A process as it was recorded: only together with its identity a pid says anything. */
export interface ProcessMark {
  pid: number;
  identity: string;
}

export interface LedgerHeader {
  version: number;
  sidecar: ProcessMark;
  host: ProcessMark | null;
  appId: string;
  startedAt: number;
}

/** Something that was started, or was about to be. */
export interface Start {
  /** Random; the child and all that it starts carry it in their environment. */
  startId: string;
  name: string;
  command: string;
  ownerTag?: string;
  /** The directory of the cgroup that was to hold it and nothing else. */
  cgroup?: string;
  /** Belong to it as well, and neither their session nor their environment says so. */
  orphans?: ProcessMark[];
  /** It outlives its sidecar, and the next one of the app goes on with it. */
  persistent?: Continuation;
  /** Null while only the intent is known. */
  process: ProcessMark | null;
}

/** What a successor needs to go on with a service. */
export interface Continuation {
  /** As it was ordered; whoever reads it checks it. */
  spec: object;
  /** Those that it was given, by name. */
  ports: { name: string; port: number }[];
}

export type LedgerRecord =
  | { record: 'intent' | 'started'; start: Start }
  | { record: 'ended'; startId: string }
  | { record: GuardRole; guard: ProcessMark };

/** What ends all of them when the sidecar cannot, and what does so when neither can. */
export type GuardRole = 'guard' | 'deputy';

export interface LedgerContent {
  header: LedgerHeader | null;
  /** The latest of each. */
  guards: Map<GuardRole, ProcessMark>;
  /** By startId: whatever has not ended. */
  starts: Map<string, Start>;
}

/** What this version writes, and the only one whose leftovers it ends. */
export const ledgerVersion = 1;

export function applyRecord(content: Pick<LedgerContent, 'guards' | 'starts'>, record: LedgerRecord): void {
  if ('guard' in record) content.guards.set(record.record, record.guard);
  else if (record.record === 'ended') content.starts.delete(record.startId);
  else content.starts.set(record.start.startId, record.start);
}

export const formatHeader = (header: LedgerHeader): string => formatLine({ record: 'header', ...header });

/** Every record says all that is known, so that it needs none before it. */
export function formatRecord(record: LedgerRecord): string {
  if (record.record === 'ended') return formatLine(record);
  if ('guard' in record) return formatLine({ record: record.record, ...record.guard });
  const { process, ...start } = record.start;
  return formatLine({ record: record.record, ...start, ...process });
}

export const formatStart = (start: Start): string => formatRecord({ record: start.process === null ? 'intent' : 'started', start });

const formatLine = (value: object): string => `${JSON.stringify(value)}\n`;

export function parseLedger(text: string): LedgerContent {
  const content: LedgerContent = { header: null, guards: new Map(), starts: new Map() };
  for (const line of text.split('\n')) {
    const value = parseLine(line);
    if (value === null) continue;
    if (value['record'] === 'header') content.header ??= parseHeader(value);
    const record = parseRecord(value);
    if (record !== null) applyRecord(content, record);
  }
  return content;
}

type Line = Record<string, unknown>;

function parseLine(line: string): Line | null {
  if (!line.startsWith('{')) return null;
  try {
    return JSON.parse(line) as Line;
  } catch {
    return null;
  }
}

function parseHeader({ version, sidecar, host, appId, startedAt }: Line): LedgerHeader | null {
  const own = parseMark(sidecar);
  if (own === null || typeof version !== 'number' || typeof appId !== 'string' || typeof startedAt !== 'number') return null;
  return { version, sidecar: own, host: parseMark(host), appId, startedAt };
}

function parseRecord(line: Line): LedgerRecord | null {
  const { record, startId, name, command, ownerTag, cgroup, orphans, persistent } = line;
  if (record === 'guard' || record === 'deputy') {
    const guard = parseMark(line);
    return guard === null ? null : { record, guard };
  }
  const marks = Array.isArray(orphans) ? orphans.map(parseMark).filter((mark) => mark !== null) : [];
  if (typeof startId !== 'string') return null;
  if (record === 'ended') return { record, startId };
  const continuation = parseContinuation(persistent);
  if ((record !== 'intent' && record !== 'started') || typeof name !== 'string' || typeof command !== 'string') return null;
  const known = {
    startId,
    name,
    command,
    ...(typeof ownerTag === 'string' && { ownerTag }),
    ...(typeof cgroup === 'string' && { cgroup }),
    ...(marks.length > 0 && { orphans: marks }),
    ...(continuation !== null && { persistent: continuation }),
  };
  return { record, start: { ...known, process: parseMark(line) } };
}

function parseContinuation(value: unknown): Continuation | null {
  if (!isObject(value) || !isObject(value['spec']) || !Array.isArray(value['ports'])) return null;
  const ports = value['ports'].flatMap((one: unknown) => {
    const { name, port } = isObject(one) ? one : {};
    return typeof name === 'string' && typeof port === 'number' ? [{ name, port }] : [];
  });
  return { spec: value['spec'], ports };
}

const isObject = (value: unknown): value is Line => typeof value === 'object' && value !== null;

function parseMark(value: unknown): ProcessMark | null {
  if (!isObject(value)) return null;
  const { pid, identity } = value;
  return typeof pid === 'number' && typeof identity === 'string' ? { pid, identity } : null;
}
