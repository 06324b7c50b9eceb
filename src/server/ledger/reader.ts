import { appendFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Sources } from '../../workers/evidence.ts';
import type { Pool } from '../../workers/pool.ts';
import { createCount } from '../../workers/sharedCount.ts';
import type { FileLock, FileLocks } from '../os/fileLock.ts';
import { appDirectory, appsDirectory, assertPrivateDirectory } from '../os/paths.ts';
import { hasPersistent, isFinished, isForeign, isLedger, ledgersDirectory, listLedgers, readLedger, readNames } from './files.ts';
import { createLiveLists, type LiveList, type LiveLists, type LiveSidecar } from './liveLists.ts';
import type { StatePlaces } from './places.ts';
import { formatRecord, type LedgerContent, type LedgerHeader, type ProcessMark, type Start } from './records.ts';

/** The ledger of a dead sidecar of this app, locked, so that no other successor takes it up. Every one must be released. */
export interface DeadLedger {
  readonly starts: readonly Start[];
  /** It is in another ledger by now, and no business of this one any more. */
  pass(startId: string): Promise<void>;
  /** Forgets it: nothing of it is left. */
  discard(): Promise<void>;
  release(): Promise<void>;
}

/** Its lists have every live sidecar of this user, of all apps, whose state is in one of the known directories; the asking one too. */
export interface LedgerReader extends LiveLists {
  /** Waits for no live one, and for no other successor. Throws Unsupported where files cannot be locked. */
  adoptDead(): Promise<DeadLedger[]>;
  /** Those of them alone that know of something persistent; nothing is locked where there is none. */
  adoptPersistent(): Promise<DeadLedger[]>;
  /** Deletes what dead sidecars of this app have left behind and nobody needs: with nothing open, or too old. */
  sweep(): Promise<void>;
}

export interface LedgerReaderParts {
  locks: FileLocks;
  pool: Pool;
  clock: Clock;
  log: Log;
  places: StatePlaces;
  stateDir: string;
  appId: string;
  sidecarPid: number;
}

/** How long the locks of dead ones are tried for: whoever only looks has one for a moment. */
const adoptWithinMs = 2_000;
const adoptPauseMs = 25;
/** As long as registrations are kept. */
const forgottenAfterMs = 30 * 24 * 3_600_000;

export function createLedgerReader({
  locks,
  pool,
  clock,
  log,
  places: stateDirs,
  stateDir: ownStateDir,
  appId,
  sidecarPid: ownPid,
}: LedgerReaderParts): LedgerReader {
  /** Those that this sidecar has locked, by path: two requests of ours share one, and the last gives it back. */
  const adopted = new Map<string, Adopted>();
  /** Kept for good, so that its number is never another one’s. */
  let descriptor: number | null = null;
  const beginnings = createCount();
  let last: Promise<unknown> = Promise.resolve();

  return {
    ...createLiveLists(readAll, (evidence) => pool.run('checkEvidence', { evidence })),
    adoptDead: () => inTurn(async () => adoptAll(await listOwn())),
    async adoptPersistent() {
      // Without a turn: nearly always there is none, and whoever has just begun waits for the answer.
      const paths = await listPersistent();
      return paths.length === 0 ? [] : inTurn(() => adoptAll(paths));
    },
    sweep: () => inTurn(sweepAll),
  };

  async function readAll(): Promise<LiveList> {
    const sources = await findSources();
    const grounded = await pool.run('groundEvidence', { sources, beginnings, descriptor });
    descriptor = grounded.descriptor;
    const sidecars = await readLive(sources.files.filter(isLedger));
    const alive = sidecars.map(({ sidecar }) => sidecar).filter(({ pid }) => pid !== ownPid);
    // Who came in between is no change any more, and not in the list.
    const isWhole = isDeepStrictEqual(await findSources(), sources);
    return { sidecars, evidence: isWhole ? { ground: grounded.ground, alive } : null };
  }

  async function readLive(paths: string[]): Promise<LiveSidecar[]> {
    const contents = await Promise.all(paths.map(readHeld));
    const headed = contents.filter((content): content is Headed => content?.header != null);
    // Who holds the lock may be a successor instead. And an identity is compared as this sidecar would write it.
    const sidecars = await describe(headed.map(({ header }) => header.sidecar));
    const others = await describe(
      headed.flatMap(({ header, guards }) => [header.host, ...guards.values()].filter((mark) => mark !== null)),
    );
    const living = (mark: ProcessMark | null) => (mark && others.get(mark.identity)) ?? null;
    return headed.flatMap(({ header: { appId, sidecar, host }, guards, starts }) => {
      const alive = sidecars.get(sidecar.identity);
      if (!alive) return [];
      const livingGuards = [...guards.values()].map(living).filter((mark) => mark !== null);
      return [{ appId, sidecar: alive, host: living(host), guards: livingGuards, starts: [...starts.values()] }];
    });
  }

  /** A sweep has every lock for a moment, for which whoever adopts would have to wait. */
  function inTurn<Value>(step: () => Promise<Value>): Promise<Value> {
    const turn = last.then(step, step);
    last = turn.catch(() => {});
    return turn;
  }

  async function sweepAll(): Promise<void> {
    for (const path of await listOwn()) {
      const lock = await locks.tryAdopt(path);
      if (typeof lock === 'string') continue;
      const isOld = clock.now() - (await lock.handle.stat()).mtimeMs > forgottenAfterMs;
      const content = await readLedger(path);
      if (isFinished(content) || (isOld && !hasPersistent(content))) await remove(path);
      await lock.release();
    }
  }

  async function listPersistent(): Promise<string[]> {
    const paths = await listOwn();
    const contents = await Promise.all(paths.map(readLedger));
    return paths.filter((_, index) => hasPersistent(contents[index] as LedgerContent));
  }

  async function adoptAll(paths: readonly string[]): Promise<DeadLedger[]> {
    const dead: DeadLedger[] = [];
    const deadlineMs = clock.monotonicMs() + adoptWithinMs;
    try {
      for (const path of paths) {
        const ledger = adopted.get(path) ?? (await adopt(path, deadlineMs));
        if (ledger === null) continue;
        ledger.users += 1;
        dead.push(share(path, ledger));
      }
      return dead;
    } catch (error) {
      await Promise.all(dead.map((ledger) => ledger.release()));
      throw error;
    }
  }

  async function adopt(path: string, deadlineMs: number): Promise<Adopted | null> {
    const lock = await lockDead(path, deadlineMs);
    if (lock === null) return null;
    const content = await readLedger(path);
    if (isFinished(content)) await remove(path);
    if (isFinished(content) || isForeign(content)) {
      await lock.release();
      return null;
    }
    const ledger = { lock, users: 0, starts: [...content.starts.values()] };
    adopted.set(path, ledger);
    return ledger;
  }

  async function lockDead(path: string, deadlineMs: number): Promise<FileLock | null> {
    for (;;) {
      const answer = await locks.tryAdopt(path);
      if (answer === 'gone') return null;
      if (answer !== 'held') return answer;
      const { header } = await readLedger(path);
      const isAlive = header === null || (await describe([header.sidecar])).size > 0;
      if (isAlive || clock.monotonicMs() > deadlineMs) return null;
      await clock.sleep(adoptPauseMs);
    }
  }

  async function remove(path: string): Promise<void> {
    await unlink(path).catch((error: unknown) => log.debug({ err: error, path }, 'a ledger that nobody needs could not be deleted'));
  }

  function share(path: string, ledger: Adopted): DeadLedger {
    let isReleased = false;
    const release = async () => {
      if (isReleased) return;
      isReleased = true;
      ledger.users -= 1;
      if (ledger.users > 0) return;
      adopted.delete(path);
      await ledger.lock.release();
    };
    return {
      get starts() {
        return ledger.starts;
      },
      async pass(startId) {
        if (isReleased) return;
        // Its last line may be torn.
        await appendFile(path, `\n${formatRecord({ record: 'ended', startId })}`);
        ledger.starts = ledger.starts.filter((start) => start.startId !== startId);
        if (ledger.starts.length === 0) await remove(path);
      },
      async discard() {
        // While it is locked: the name cannot be another file’s.
        if (!isReleased) await remove(path);
        await release();
      },
      release,
    };
  }

  /** Those of them that live, by the identity that was recorded; one that we may not see counts as alive. */
  async function describe(marks: ProcessMark[]): Promise<Map<string, ProcessMark>> {
    if (marks.length === 0) return new Map();
    const { processes, denied } = await pool.run('describeProcesses', { targets: marks });
    const alive = marks.flatMap((mark, index): [string, ProcessMark][] => {
      const info = processes[index];
      if (info && info.status !== 'zombie') return [[mark.identity, { pid: info.pid, identity: info.identity }]];
      return denied.includes(mark.pid) ? [[mark.identity, mark]] : [];
    });
    return new Map(alive);
  }

  async function readHeld(path: string): Promise<LedgerContent | null> {
    return adopted.has(path) || !(await isHeld(path)) ? null : readLedger(path);
  }

  /** Where nothing can lock, nobody has locked: whether its sidecar lives decides alone. */
  async function isHeld(path: string): Promise<boolean> {
    try {
      return await locks.isHeld(path);
    } catch (error) {
      log.debug({ err: error, path }, 'the lock of a ledger could not be looked at');
      return true;
    }
  }

  /** Throws PermissionDenied where others could have written them. */
  async function listOwn(): Promise<string[]> {
    const directory = appDirectory(ownStateDir, appId);
    const paths = await listLedgers(directory);
    for (const one of paths.length === 0 ? [] : [ownStateDir, directory]) await assertPrivateDirectory(one);
    return paths;
  }

  /** All ledgers that there are, and all that could tell of another. */
  async function findSources(): Promise<Sources> {
    const places = [...new Set([ownStateDir, ...(await stateDirs.list())])];
    const found = await Promise.all(places.map(findIn));
    return {
      places,
      directories: [stateDirs.links, ...found.flatMap(({ directories }) => directories)],
      files: found.flatMap(({ files }) => files),
    };
  }

  async function findIn(stateDir: string): Promise<Omit<Sources, 'places'>> {
    const apps = appsDirectory(stateDir);
    try {
      await assertPrivateDirectory(stateDir);
      const directories = (await readNames(apps)).map((app) => join(apps, app));
      const files = (await Promise.all(directories.map(listLedgers))).flat();
      return { directories: [apps, ...directories.map(ledgersDirectory)], files };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        log.warn({ err: error, stateDir }, 'the ledgers of other sidecars cannot be read');
      return { directories: [apps], files: [] };
    }
  }
}

type Headed = LedgerContent & { header: LedgerHeader };

interface Adopted {
  lock: FileLock;
  users: number;
  starts: Start[];
}
