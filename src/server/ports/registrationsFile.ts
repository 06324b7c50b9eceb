import type { ManagedPort } from '../../protocol/types/registration.ts';

/*
 * What an app keeps between its runs, as one file. Pure: text in, values out; who lives is told.
 */

export interface RegistrationsFile {
  /** In the order of their last change, which for those that ended is the order of their ends, whatever the wall clock did. */
  runs: RecordedRun[];
  /** Which ports were handed out for a key. */
  keys: RememberedKey[];
}

/** The registrations of one sidecar. */
export interface RecordedRun {
  runId: string;
  sidecar: { pid: number; identity: string };
  /** By its own word, or when a successor noticed. Null while it lives, or has not been missed yet. */
  endedAt: number | null;
  ports: ManagedPort[];
}

export interface RememberedKey {
  key: string;
  ports: number[];
  usedAt: number;
}

export type FileAnswer = { kind: 'read'; file: RegistrationsFile } | { kind: 'damaged' } | { kind: 'newer' };

const version = 1;
const forgottenAfterMs = 30 * 24 * 3_600_000;
const mostKeys = 4_096;

export function formatRegistrations({ runs, keys }: RegistrationsFile): string {
  return `${JSON.stringify({ version, runs, keys })}\n`;
}

export function parseRegistrations(text: string): FileAnswer {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return { kind: 'damaged' };
  }
  if (!isObject(found) || typeof found.version !== 'number') return { kind: 'damaged' };
  if (found.version > version) return { kind: 'newer' };
  const { runs, keys } = found;
  if (!isListOf(runs, isRun) || !isListOf(keys, isKey)) return { kind: 'damaged' };
  return { kind: 'read', file: { runs, keys } };
}

/**
 * What is to be written: our run and the keys that we have used since, into what the others have written meanwhile. Of
 * the ended runs only the last one is kept, as none before it is ever asked for.
 */
export function mergeRegistrations(
  onDisk: RegistrationsFile,
  ours: { run: RecordedRun; keys: RememberedKey[] },
  gone: ReadonlySet<string>,
  now: number,
): RegistrationsFile {
  const others = onDisk.runs.filter(({ runId }) => runId !== ours.run.runId);
  const last = findLastEnded(others, gone);
  const endedAt = last?.endedAt ?? now;
  const keys = new Map(onDisk.keys.map((entry) => [entry.key, entry]));
  for (const entry of ours.keys) if (entry.usedAt >= (keys.get(entry.key)?.usedAt ?? 0)) keys.set(entry.key, entry);
  return {
    runs: [
      ...(last !== null && now - endedAt < forgottenAfterMs ? [{ ...last, endedAt }] : []),
      ...others.filter((run) => run.endedAt === null && !gone.has(run.runId)),
      ours.run,
    ],
    keys: [...keys.values()]
      .filter(({ usedAt }) => now - usedAt < forgottenAfterMs)
      .sort((left, right) => right.usedAt - left.usedAt)
      .slice(0, mostKeys),
  };
}

/** The run that ended last. One that just turns out to be gone ended after those of which the end was noted before. */
export function findLastEnded(runs: RecordedRun[], gone: ReadonlySet<string>): RecordedRun | null {
  const noted = runs.filter(({ endedAt }) => endedAt !== null);
  const noticed = runs.filter(({ runId, endedAt }) => endedAt === null && gone.has(runId));
  return [...noted, ...noticed].at(-1) ?? null;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isPort = (value: unknown): value is number => isTime(value) && value >= 1 && value <= 65_535;
const isName = (value: unknown): value is string => typeof value === 'string' && value.length > 0;

function isListOf<Value>(value: unknown, isOne: (one: unknown) => one is Value): value is Value[] {
  return Array.isArray(value) && value.every(isOne);
}

function isRun(value: unknown): value is RecordedRun {
  if (!isObject(value) || !isObject(value.sidecar)) return false;
  const { runId, sidecar, endedAt, ports } = value;
  const isSidecar = isTime((sidecar as Record<string, unknown>).pid) && isName((sidecar as Record<string, unknown>).identity);
  return isName(runId) && isSidecar && (endedAt === null || isTime(endedAt)) && isListOf(ports, isManagedPort);
}

function isManagedPort(value: unknown): value is ManagedPort {
  if (!isObject(value)) return false;
  const { port, protocol, name, registeredAt } = value;
  return isPort(port) && (protocol === 'tcp' || protocol === 'udp') && isName(name) && isTime(registeredAt);
}

function isKey(value: unknown): value is RememberedKey {
  return isObject(value) && isName(value.key) && isListOf(value.ports, isPort) && isTime(value.usedAt);
}
