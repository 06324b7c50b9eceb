import type { Clock, Timer } from '../../../clock.ts';

export interface StallWatch {
  /** The system took something, or output begins after none was due. */
  progressed(): void;
  /** The queue has grown. */
  queued(): void;
  stop(): void;
}

export interface StallWatchOptions {
  clock: Pick<Clock, 'monotonicMs' | 'setTimer'>;
  /** Below this much queued output a silent peer is let be. */
  closeBytes: number;
  stallMs: number;
  queuedBytes(): number;
  onStalled(): void;
}

/** Tells a peer that reads slowly from one that does not read: nothing taken for `stallMs` with over `closeBytes` queued. */
export function createStallWatch({ clock, closeBytes, stallMs, queuedBytes, onStalled }: StallWatchOptions): StallWatch {
  let progressAtMs = 0;
  let timer: Timer | null = null;
  let isStopped = false;

  return {
    progressed() {
      progressAtMs = clock.monotonicMs();
    },
    queued() {
      // Even when it is due already, by the timer: nobody expects the end from inside a send.
      if (timer === null && !isStopped && queuedBytes() > closeBytes) arm();
    },
    stop() {
      isStopped = true;
      timer?.cancel();
      timer = null;
    },
  };

  function arm(): void {
    timer = clock.setTimer(Math.max(0, dueInMs()), check);
  }

  function check(): void {
    timer = null;
    if (isStopped || queuedBytes() <= closeBytes) return;
    if (dueInMs() > 0) return arm();
    isStopped = true;
    onStalled();
  }

  function dueInMs(): number {
    return progressAtMs + stallMs - clock.monotonicMs();
  }
}
