import type { Clock, Timer } from '../../../clock.ts';

/**
 * A timer that counts only time in which we could have acted. After the machine slept, or we were stopped, all timers are due at
 * once; taken at their word they would call everything a hang. What fires that late does not count, and is waited for again.
 */
export function setAwakeTimer(clock: Clock, delayMs: number, action: () => void): Timer {
  let remainingMs = Math.max(0, delayMs);
  let timer = arm();
  return { cancel: () => timer.cancel() };

  function arm(): Timer {
    const sliceMs = Math.min(remainingMs, longestSliceMs);
    const dueMs = clock.monotonicMs() + sliceMs;
    return clock.setTimer(sliceMs, () => {
      if (clock.monotonicMs() - dueMs <= mostLateMs) remainingMs -= sliceMs;
      if (remainingMs > 0) timer = arm();
      else action();
    });
  }
}

const longestSliceMs = 1_000;
/** A busy machine is late by less. */
const mostLateMs = 1_000;
