import type { Clock, Timer } from '../../clock.ts';
import { loadTrimMemory } from '../../native/linux/trimMemory.ts';

/**
 * Threads have been told to end: when they have, what they leave behind goes back to the system, some MB each, if none has begun meanwhile.
 * Does nothing without native calls, and elsewhere than on Linux.
 */
export function createFreeMemoryAfterThreads({ native, platform, clock }: { native: boolean; platform: string; clock: Clock }): () => void {
  let timer: Timer | null = null;
  return function freeMemoryAfterThreads() {
    if (!native || platform !== 'linux') return;
    timer?.cancel();
    timer = clock.setTimer(threadsEndWithinMs, () => void loadTrimMemory()?.());
  };
}

const threadsEndWithinMs = 1_000;
