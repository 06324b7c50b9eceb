import type { Clock, Timer } from '../../src/clock.ts';

/** Time that passes only when a test says so. */
export interface FakeClock extends Clock {
  /** Fires what comes due, in order. */
  advance(byMs: number): void;
  /** Timers that are set and have neither fired nor been cancelled. */
  readonly timers: number;
}

export function createFakeClock(startsAt = 1_790_000_000_000): FakeClock {
  let elapsedMs = 0;
  const due = new Map<Timer, { atMs: number; action: () => void }>();

  const clock: FakeClock = {
    now: () => startsAt + elapsedMs,
    monotonicMs: () => elapsedMs,
    setTimer(delayMs, action) {
      const timer: Timer = { cancel: () => due.delete(timer) };
      due.set(timer, { atMs: elapsedMs + Math.max(0, delayMs), action });
      return timer;
    },
    sleep(delayMs, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          timer.cancel();
          reject(signal?.reason);
        };
        const timer = clock.setTimer(delayMs, () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        });
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    },
    advance(byMs) {
      const untilMs = elapsedMs + byMs;
      for (;;) {
        const [next] = [...due].filter(([, { atMs }]) => atMs <= untilMs).sort(([, left], [, right]) => left.atMs - right.atMs);
        if (next === undefined) break;
        const [timer, { atMs, action }] = next;
        due.delete(timer);
        elapsedMs = Math.max(elapsedMs, atMs);
        action();
      }
      elapsedMs = untilMs;
    },
    get timers() {
      return due.size;
    },
  };
  return clock;
}
