import { randomUUID } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Protocol } from '../../protocol/types/primitives.ts';
import type { ManagedPort } from '../../protocol/types/registration.ts';
import type { FileLock, TryLock } from '../os/fileLock.ts';
import { replaceFile } from '../os/replaceFile.ts';
import {
  findLastEnded,
  formatRegistrations,
  mergeRegistrations,
  parseRegistrations,
  type RecordedRun,
  type RegistrationsFile,
  type RememberedKey,
} from './registrationsFile.ts';

/**
 * The ports that an app calls its own, in memory for this run and in one file an app for the next. A file that cannot
 * be written is logged and everything else goes on.
 */
export interface Registrations {
  /** Resolves when it is on disk, or cannot be. Again with another name: it is renamed. */
  register(port: { port: number; protocol: Protocol; name: string }): Promise<void>;
  /** False when this run had not registered it. That of an earlier run is not to be cleaned up either from now on. */
  unregister(port: number, protocol: Protocol): Promise<boolean>;
  /** Of this run. */
  list(): ManagedPort[];
  /**
   * This run’s and those of the run that ended last, no older ones; where both have a port, it is this run’s. Rejects when
   * nobody can tell which runs have ended.
   */
  toCleanUp(): Promise<ManagedPort[]>;
  /** The ports that were handed out for this key, in their order. */
  portsOfKey(key: string): Promise<number[]>;
  /** Keeps what `update` makes of them; at most 256, each once. */
  rememberKey(key: string, update: (before: readonly number[]) => readonly number[]): Promise<void>;
  /** TCP ports that somebody counts on: those registered in this run and those of all keys. */
  promisedPorts(): Set<number>;
  /** Notes the end of this run. */
  close(): Promise<void>;
}

export interface RegistrationParts {
  /** The app’s own, made and checked; asked until it is there. */
  directory(): Promise<string>;
  /** Whom later runs look for, to know whether this one has ended; asked until it is known. */
  sidecar(): Promise<RecordedRun['sidecar']>;
  /** Those of the sidecars that have ended; one of which that cannot be told is not among them. */
  findGone(sidecars: RecordedRun['sidecar'][]): Promise<ReadonlySet<string>>;
  tryLock: TryLock;
  clock: Clock;
  log: Log;
}

const mostPortsOfKey = 256;
const lockTriesMs = 2_000;
const lockRetryMs = 20;

/** Begins this run in the app’s file, in the background; whatever needs the file waits for that. */
export function openRegistrations({ directory, sidecar, findGone, tryLock, clock, log }: RegistrationParts): Registrations {
  const runId = randomUUID();
  const ports = new Map<string, ManagedPort>();
  const keys = new Map<string, RememberedKey>();
  const usedKeys = new Set<string>();
  const forgotten = new Set<string>();
  let path: string | null = null;
  let own: RecordedRun['sidecar'] | null = null;
  let others: RecordedRun[] = [];
  let endedAt: number | null = null;
  let writing = Promise.resolve();
  let queued: Promise<void> | null = null;
  let lastProblem: string | null = null;
  const opened = save();

  return {
    register({ port, protocol, name }) {
      const place = placeOf({ port, protocol });
      ports.set(place, { port, protocol, name, registeredAt: clock.now() });
      forgotten.delete(place);
      return save();
    },

    async unregister(port, protocol) {
      const place = placeOf({ port, protocol });
      forgotten.add(place);
      const removed = ports.delete(place);
      if (removed) await save();
      return removed;
    },

    list: () => [...ports.values()],

    async toCleanUp() {
      await opened;
      await refresh();
      const last = findLastEnded(others, await findGoneRuns(others));
      const before = (last?.ports ?? []).filter((one) => !ports.has(placeOf(one)) && !forgotten.has(placeOf(one)));
      return [...ports.values(), ...before];
    },

    async portsOfKey(key) {
      await opened;
      await refresh();
      return keys.get(key)?.ports ?? [];
    },

    async rememberKey(key, update) {
      const before = keys.get(key);
      const known = [...new Set(update(before?.ports ?? []))].slice(0, mostPortsOfKey);
      // The newer entry wins, so one that was made later is newer, though the wall clock may have been set back.
      keys.set(key, { key, ports: known, usedAt: Math.max(clock.now(), (before?.usedAt ?? 0) + 1) });
      usedKeys.add(key);
      await save();
    },

    promisedPorts() {
      const registered = [...ports.values()].filter(({ protocol }) => protocol === 'tcp').map(({ port }) => port);
      const remembered = [...keys.values()].flatMap((entry) => entry.ports);
      return new Set([...registered, ...remembered]);
    },

    close() {
      endedAt = clock.now();
      return save();
    },
  };

  /** Resolves when everything up to now is written; changes that come while one write is under way share the next. */
  function save(): Promise<void> {
    queued ??= writing.then(() => {
      queued = null;
      writing = write().then(
        () => noteProblem(null),
        (error: unknown) => noteProblem(error),
      );
      return writing;
    });
    return queued;
  }

  async function write(): Promise<void> {
    path ??= join(await directory(), 'registrations.json');
    own ??= await sidecar();
    const before = await read(path);
    // Whoever could not be looked for now is noticed by a later write.
    const gone = await findGoneRuns(before?.runs ?? []).catch(() => new Set<string>());
    const lock = await lockFile(path.replace(/json$/, 'lock'));
    try {
      const onDisk = (await read(path)) ?? (await moveAside(path));
      const run: RecordedRun = { runId, sidecar: own, endedAt, ports: [...ports.values()] };
      const merged = mergeRegistrations(onDisk, { run, keys: [...usedKeys].flatMap((key) => keys.get(key) ?? []) }, gone, clock.now());
      await replaceFile(path, formatRegistrations(merged), clock);
      absorb(merged);
    } finally {
      await lock?.release();
    }
  }

  /** Sees what the other live sidecars of this app have written. What cannot be read now is as it was. */
  async function refresh(): Promise<void> {
    const found = path === null ? null : await read(path).catch(() => null);
    if (found !== null) absorb(found);
  }

  function absorb(file: RegistrationsFile): void {
    others = file.runs.filter((run) => run.runId !== runId);
    for (const entry of file.keys) if (entry.usedAt > (keys.get(entry.key)?.usedAt ?? -1)) keys.set(entry.key, entry);
  }

  async function findGoneRuns(runs: RecordedRun[]): Promise<Set<string>> {
    const unended = runs.filter((run) => run.endedAt === null && run.runId !== runId);
    if (unended.length === 0) return new Set();
    const gone = await findGone(unended.map((run) => run.sidecar));
    return new Set(unended.filter((run) => gone.has(run.sidecar.identity)).map((run) => run.runId));
  }

  async function lockFile(lockPath: string): Promise<FileLock | null> {
    const deadlineMs = clock.monotonicMs() + lockTriesMs;
    for (;;) {
      let lock: FileLock | null;
      try {
        lock = await tryLock(lockPath);
      } catch (error) {
        // Better a sibling’s entry lost now and then, which it writes again, than none kept at all.
        if (error instanceof Error && error.name === 'Unsupported') return null;
        throw error;
      }
      if (lock !== null) return lock;
      if (clock.monotonicMs() >= deadlineMs) throw new Error(`another sidecar has kept ${lockPath} locked for ${lockTriesMs} ms`);
      await clock.sleep(lockRetryMs);
    }
  }

  async function moveAside(damaged: string): Promise<RegistrationsFile> {
    await rename(damaged, `${damaged}.damaged`);
    log.warn({ path: damaged }, 'the registrations file was damaged; it was renamed to .damaged, and what it said is forgotten');
    return { runs: [], keys: [] };
  }

  function noteProblem(error: unknown): void {
    const problem = error === null ? null : error instanceof Error ? error.message : String(error);
    if (problem === lastProblem) return;
    lastProblem = problem;
    if (problem === null) log.info({ path }, 'registrations are written again');
    else log.warn({ path, err: error }, 'registrations could not be written; they are kept in memory, and the next run will not know them');
  }
}

const placeOf = ({ port, protocol }: Pick<ManagedPort, 'port' | 'protocol'>): string => `${protocol} ${port}`;

/** Empty when there is none yet, null when it is damaged. Throws when it cannot be read. */
async function read(path: string): Promise<RegistrationsFile | null> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { runs: [], keys: [] };
    throw error;
  }
  const answer = parseRegistrations(text);
  if (answer.kind === 'newer') throw new Error(`${path} was written by a newer sidewarden, and is left as it is`);
  return answer.kind === 'read' ? answer.file : null;
}
