/** Time as it comes in through the door: real in production, a fake in the tests. */
export interface Clock {
  /** Epoch milliseconds, by the wall clock: for people, never for measuring. */
  now(): number;
  /** Milliseconds by the monotonic clock: for durations and deadlines. */
  monotonicMs(): number;
  /** Calls `action` once after `delayMs`. Such a timer never keeps the process alive. */
  setTimer(delayMs: number, action: () => void): Timer;
  /** Resolves after `delayMs`; rejects with the signal’s reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export interface Timer {
  cancel(): void;
}

/** setTimeout counts in a signed 32-bit integer; a longer delay would fire at once. */
const longestDelayMs = 2_147_483_647;

/**
 * Keeps the process alive until it exits. None of our timers does, so that a forgotten one cannot hold up
 * an exit; but between the end of input and the last answer nothing else would.
 */
export function keepAlive(): void {
  setInterval(() => {}, longestDelayMs);
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, action) {
    const timer = setTimeout(action, Math.min(Math.max(delayMs, 0), longestDelayMs));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        timer.cancel();
        reject(signal?.reason);
      };
      const timer = this.setTimer(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  },
};

/** Whether all of these have come to an end, well or not, within that time. */
export function endWithin(clock: Clock, deadlineMs: number, ending: readonly Promise<unknown>[]): Promise<boolean> {
  return Promise.race([Promise.allSettled(ending).then(() => true), clock.sleep(deadlineMs).then(() => false)]);
}
