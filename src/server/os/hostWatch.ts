import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Waiter } from '../../workers/waiter.ts';
import type { ReadStart } from './processStart.ts';
import { errnoOf } from './program.ts';

export type HostWatchKind = 'handle' | 'pid' | 'none';

/**
 * Watches hosts, so that the sidecar does not outlive them even where an inherited handle keeps stdin open. Only an ancestor of
 * ours is watched: another pid may be a mistake, or of another namespace, and would end us at random.
 */
export interface HostWatch {
  /** Asked again for the same process, it watches once. */
  watch(processId: number): Promise<HostWatchKind>;
}

export interface HostWatchParts {
  /** As it was when this process started. */
  parentPid: number;
  waiter: Waiter;
  readStart: ReadStart;
  /** How the waiter waits here. */
  kind: Exclude<HostWatchKind, 'none'>;
  /** Ends all watching. */
  signal: AbortSignal;
  clock: Clock;
  log: Log;
  onDeath(): void;
}

/** Where the waiter may not see the host, its end is noticed within this. */
const lookIntervalMs = 250;

export function createHostWatch({ parentPid, waiter, readStart, kind, signal, clock, log, onDeath }: HostWatchParts): HostWatch {
  // Read now: a host that dies before it is to be watched is no ancestor any more, but it was.
  const ancestors = listAncestors(parentPid, readStart);
  const watched = new Map<number, Promise<HostWatchKind>>();

  return {
    watch(processId) {
      const known = watched.get(processId) ?? begin(processId);
      watched.set(processId, known);
      return known;
    },
  };

  async function begin(processId: number): Promise<HostWatchKind> {
    const stop = new AbortController();
    // The wait begins before the look: if that still finds our ancestor, the handle is of no other process.
    const exited = waiter.waitForExit({ pid: processId }, AbortSignal.any([signal, stop.signal]));
    exited.catch(() => {});
    const start = (await ancestors).get(processId);
    if (start === undefined) {
      stop.abort();
      log.warn({ processId }, 'processId is no ancestor of the sidecar, so its end is noticed by the end of input only');
      return 'none';
    }
    if (await hasGone(processId, start)) {
      stop.abort();
      onDeath();
      return kind;
    }
    void exited
      .then(({ kind: answer }) => (answer === 'exited' ? undefined : lookUntilGone(processId)))
      .catch((error: unknown) => {
        if (signal.aborted) throw error;
        log.warn({ err: error, processId }, 'the host cannot be waited for; from time to time it is looked for instead');
        return lookUntilGone(processId);
      })
      .then(onDeath, () => {});
    return kind;
  }

  /** Whether what has this pid now is not the ancestor that had it. What cannot be read proves nothing. */
  async function hasGone(pid: number, start: number | null): Promise<boolean> {
    if (!exists(pid) || (pid === parentPid && process.ppid !== pid)) return true;
    const now = await readStart(pid);
    if (now === 'gone') return !exists(pid);
    return now !== null && start !== null && now.start !== start;
  }

  async function lookUntilGone(pid: number): Promise<void> {
    const start = (await ancestors).get(pid) ?? null;
    do await clock.sleep(lookIntervalMs, signal);
    while (!(await hasGone(pid, start)));
  }
}

/** By pid, when each of them started; null for one that this user may not look at, where the line ends. */
async function listAncestors(parentPid: number, readStart: ReadStart): Promise<Map<number, number | null>> {
  const found = new Map<number, number | null>();
  for (let pid = parentPid; pid > 0 && !found.has(pid); ) {
    const told = await readStart(pid);
    found.set(pid, told === null || told === 'gone' ? null : told.start);
    pid = told === null || told === 'gone' ? 0 : told.ppid;
  }
  return found;
}

/** kill(2): only ESRCH says that there is none; EPERM says that there is one. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}
