import type { Clock, Timer } from '../../clock.ts';

/** When something has to be over. It may come closer: a host that dies meanwhile leaves less time. */
export interface Deadline {
  remainingMs(): number;
  /** Calls back when it has come closer. */
  onCloser(listener: () => void): void;
  /** Aborted when it has passed. */
  readonly passed: AbortSignal;
}

/** When a whole shutdown has to be over, and the earlier times that follow from that: all of them move together. */
export interface Timetable {
  /** A later end than the present one changes nothing. */
  bringCloser(endsAtMs: number): void;
  /** `atMs` is asked again whenever the end has come closer. */
  derive(atMs: (span: Span) => number): Deadline;
  /** No deadline passes any more. */
  close(): void;
}

/** By the monotonic clock. */
export interface Span {
  beganAtMs: number;
  endsAtMs: number;
}

export function createTimetable(durationMs: number, clock: Clock): Timetable {
  const beganAtMs = clock.monotonicMs();
  const moved = new Set<() => void>();
  const timers = new Set<() => Timer>();
  let endsAtMs = beganAtMs + durationMs;

  return {
    bringCloser(atMs) {
      if (atMs >= endsAtMs) return;
      endsAtMs = atMs;
      for (const listener of [...moved]) listener();
    },

    derive(atMs) {
      const passing = new AbortController();
      const remainingMs = () => Math.max(0, atMs({ beganAtMs, endsAtMs }) - clock.monotonicMs());
      let timer = clock.setTimer(remainingMs(), () => passing.abort());
      timers.add(() => timer);
      moved.add(() => {
        timer.cancel();
        timer = clock.setTimer(remainingMs(), () => passing.abort());
      });
      return { remainingMs, onCloser: (listener) => void moved.add(listener), passed: passing.signal };
    },

    close() {
      moved.clear();
      for (const timer of timers) timer().cancel();
    },
  };
}

export function untilPassed({ passed }: Deadline): Promise<void> {
  return new Promise((resolve) => {
    if (passed.aborted) resolve();
    else passed.addEventListener('abort', () => resolve(), { once: true });
  });
}
