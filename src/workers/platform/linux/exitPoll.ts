import fs from 'node:fs';
import type { Clock } from '../../../clock.ts';
import { loadReadablePoll, type ReadablePoll, type WakeUp } from '../../../native/linux/pollReadable.ts';
import { createWatchedHandles } from '../watchedHandles.ts';

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
  const watched = createWatchedHandles({ close: fs.closeSync, wake: () => wakeUp.wake() });
  let running: Promise<void> | null = null;
  let isClosed = false;

  return {
    add(pidfd, onExit) {
      const forget = watched.add(pidfd, onExit);
      if (running === null) running = run();
      else wakeUp.wake();
      return forget;
    },

    async close() {
      watched.forgetAll();
      await running;
      if (!isClosed) wakeUp.close();
      isClosed = true;
    },
  };

  async function run(): Promise<void> {
    while (watched.size > 0) {
      const ready = await readable.poll([wakeUp.fd, ...watched.list()], longestPollMs).catch(() => null);
      watched.closeForgotten();
      if (ready === null) await clock.sleep(pauseAfterFailureMs);
      else ready.forEach(settle);
    }
    watched.closeForgotten();
    running = null;
  }

  function settle(fd: number): void {
    if (fd === wakeUp.fd) wakeUp.clear();
    else watched.settle(fd);
  }
}
