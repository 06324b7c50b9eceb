import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Waiter } from '../../workers/waiter.ts';
import type { Child, ChildExit } from './spawn.ts';

export interface FollowedParts {
  waiter: Pick<Waiter, 'waitForExit'>;
  /** Signals exactly this process, if it still is. */
  signal(process: Followed, signal: NodeJS.Signals): void;
  /** Whether it still is: where nothing can wait for it, it is asked again and again. */
  isAlive(process: Followed): Promise<boolean>;
  clock: Clock;
  log: Log;
}

export interface Followed {
  pid: number;
  identity: string;
}

const lookEveryMs = 500;
const unknownExit: ChildExit = { exitCode: null, signal: null };

/** A process that an earlier sidecar started, as if it were our child. How it ends only its parent hears. */
export function followProcess(process: Followed, cgroup: string | null, parts: FollowedParts): Child {
  const { waiter, clock, log } = parts;
  let hasEnded = false;
  const exited = waitForEnd().then(() => {
    hasEnded = true;
    return unknownExit;
  });
  return {
    pid: process.pid,
    hasExited: () => hasEnded,
    exited,
    signal: (signal) => parts.signal(process, signal),
    cgroup: Promise.resolve(cgroup),
    stdin: null,
    output: null,
  };

  async function waitForEnd(): Promise<void> {
    try {
      const { kind } = await waiter.waitForExit(process, new AbortController().signal);
      if (kind === 'exited') return;
    } catch (error) {
      log.debug({ err: error, pid: process.pid }, 'a process of an earlier sidecar cannot be waited for; it is looked at instead');
    }
    while (await parts.isAlive(process).catch(() => true)) await clock.sleep(lookEveryMs);
  }
}
