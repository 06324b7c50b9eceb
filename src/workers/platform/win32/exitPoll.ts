import type { Clock } from '../../../clock.ts';
import { type HandleWaits, loadHandleWaits, mostHandles, type WakeUp } from '../../../native/win32/waitForHandles.ts';
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
  const watched = new Map<number, () => void>();
  /** Forgotten while a call may be waiting for them: closed only after it, because their numbers could be given to others. */
  const forgotten = new Set<number>();
  let running: Promise<void> | null = null;
  let isClosed = false;

  return {
    add(handle, onExit) {
      watched.set(handle, onExit);
      if (running === null) running = run();
      else wakeUp.wake();
      return () => forget(handle, onExit);
    },

    async close() {
      for (const [handle, onExit] of watched) forget(handle, onExit);
      await running;
      if (!isClosed) wakeUp.close();
      isClosed = true;
    },
  };

  async function run(): Promise<void> {
    while (watched.size > 0) {
      if (watched.size < mostHandles) await waitOnce();
      else await lookAtAll();
      closeForgotten();
    }
    closeForgotten();
    running = null;
  }

  async function waitOnce(): Promise<void> {
    const first = await waits.wait([wakeUp.handle, ...watched.keys()], longestWaitMs).catch(() => 'failed' as const);
    if (first === 'failed') await clock.sleep(pauseAfterFailureMs);
    else if (first !== null) settle(first);
  }

  async function lookAtAll(): Promise<void> {
    const all = [...watched.keys()];
    for (let from = 0; from < all.length; from += mostHandles) {
      const some = all.slice(from, from + mostHandles);
      for (let one = waits.waitHere(some, 0); typeof one === 'number'; one = waits.waitHere(some, 0)) {
        some.splice(some.indexOf(one), 1);
        settle(one);
        if (some.length === 0) break;
      }
    }
    await clock.sleep(pauseBetweenLooksMs);
  }

  function settle(handle: number): void {
    const onExit = watched.get(handle);
    if (onExit === undefined) return;
    watched.delete(handle);
    processHandles().close(handle);
    onExit();
  }

  function forget(handle: number, onExit: () => void): void {
    // After an exit the handle is closed, and its number may be that of another wait.
    if (watched.get(handle) !== onExit) return;
    watched.delete(handle);
    forgotten.add(handle);
    wakeUp.wake();
  }

  function closeForgotten(): void {
    for (const handle of forgotten) processHandles().close(handle);
    forgotten.clear();
  }
}
