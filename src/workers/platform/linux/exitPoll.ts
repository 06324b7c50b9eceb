import fs from 'node:fs';
import type { Clock } from '../../../clock.ts';
import { loadReadablePoll, type ReadablePoll, type WakeUp } from '../../../native/linux/pollReadable.ts';

/** Waits for pidfds to become readable, which they do when all threads of the process have ended (pidfd_open(2)). */
export interface ExitPoll {
  /** Takes the pidfd over and closes it. The answer forgets it. */
  add(pidfd: number, onExit: () => void): () => void;
  /** Forgets all; resolves when no call is under way any more. */
  close(): Promise<void>;
}

/** A lost wake-up, or an exit of Node beside `close`, costs no more than this. */
const longestPollMs = 5_000;
/** poll(2) fails only when the kernel is out of memory or the limit of descriptors was lowered below our number. */
const pauseAfterFailureMs = 250;

/** Null without native calls or eventfd. */
export function createExitPoll(clock: Clock): ExitPoll | null {
  const readable = loadReadablePoll();
  const wakeUp = readable?.openWakeUp() ?? null;
  return readable === null || wakeUp === null ? null : pollWith(readable, wakeUp, clock);
}

function pollWith(readable: ReadablePoll, wakeUp: WakeUp, clock: Clock): ExitPoll {
  const watched = new Map<number, () => void>();
  /** Forgotten while a call may be polling them: closed only after it, because their numbers could be given to others. */
  const forgotten = new Set<number>();
  let running: Promise<void> | null = null;
  let isClosed = false;

  return {
    add(pidfd, onExit) {
      watched.set(pidfd, onExit);
      if (running === null) running = run();
      else wakeUp.wake();
      return () => forget(pidfd, onExit);
    },

    async close() {
      for (const [pidfd, onExit] of watched) forget(pidfd, onExit);
      await running;
      if (!isClosed) wakeUp.close();
      isClosed = true;
    },
  };

  async function run(): Promise<void> {
    while (watched.size > 0) {
      const ready = await readable.poll([wakeUp.fd, ...watched.keys()], longestPollMs).catch(() => null);
      closeForgotten();
      if (ready === null) await clock.sleep(pauseAfterFailureMs);
      else ready.forEach(settle);
    }
    closeForgotten();
    running = null;
  }

  function settle(fd: number): void {
    if (fd === wakeUp.fd) return wakeUp.clear();
    const onExit = watched.get(fd);
    if (onExit === undefined) return;
    watched.delete(fd);
    fs.closeSync(fd);
    onExit();
  }

  function forget(pidfd: number, onExit: () => void): void {
    // After an exit the descriptor is closed, and its number may be that of another wait.
    if (watched.get(pidfd) !== onExit) return;
    watched.delete(pidfd);
    forgotten.add(pidfd);
    wakeUp.wake();
  }

  function closeForgotten(): void {
    for (const pidfd of forgotten) fs.closeSync(pidfd);
    forgotten.clear();
  }
}
