import type { Clock } from '../../../clock.ts';
import { type HandleWaits, loadHandleWaits, mostHandles, type WakeUp } from '../../../native/win32/waitForHandles.ts';
import { createWatchedHandles } from '../watchedHandles.ts';
import { processHandles } from './heldProcess.ts';

/** Waits for handles of processes to be signalled, which they are from their end on. */
export interface ExitPoll {
  /** Takes the handle over and closes it. The answer forgets it. */
  add(handle: number, onExit: () => void): () => void;
  /** Forgets all; resolves when no call is under way any more. */
  close(): Promise<void>;
}

/** A lost wake-up, or an exit of Node beside `close`, costs no more than this. */
const longestWaitMs = 5_000;
/** More than fit into one call are looked at one call after the other, this often. */
const pauseBetweenLooksMs = 50;
const pauseAfterFailureMs = 250;

/** Null without native calls. */
export function createExitPoll(clock: Clock): ExitPoll | null {
  const waits = loadHandleWaits();
  const wakeUp = waits?.openWakeUp() ?? null;
  return waits === null || wakeUp === null ? null : pollWith(waits, wakeUp, clock);
}

function pollWith(waits: HandleWaits, wakeUp: WakeUp, clock: Clock): ExitPoll {
  const watched = createWatchedHandles({ close: (handle) => processHandles().close(handle), wake: () => wakeUp.wake() });
  let running: Promise<void> | null = null;
  let isClosed = false;

  return {
    add(handle, onExit) {
      const forget = watched.add(handle, onExit);
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
      if (watched.size < mostHandles) await waitOnce();
      else await lookAtAll();
      watched.closeForgotten();
    }
    watched.closeForgotten();
    running = null;
  }

  async function waitOnce(): Promise<void> {
    const first = await waits.wait([wakeUp.handle, ...watched.list()], longestWaitMs).catch(() => 'failed' as const);
    if (first === 'failed') await clock.sleep(pauseAfterFailureMs);
    else if (first !== null) watched.settle(first);
  }

  async function lookAtAll(): Promise<void> {
    const all = watched.list();
    for (let from = 0; from < all.length; from += mostHandles) {
      const some = all.slice(from, from + mostHandles);
      for (let one = waits.waitHere(some, 0); typeof one === 'number'; one = waits.waitHere(some, 0)) {
        some.splice(some.indexOf(one), 1);
        watched.settle(one);
        if (some.length === 0) break;
      }
    }
    await clock.sleep(pauseBetweenLooksMs);
  }
}
