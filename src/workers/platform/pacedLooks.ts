import type { Clock, Timer } from '../../clock.ts';

/** A look that is taken again and again while something is waited for. */
export interface PacedLooks {
  /** Something new is waited for. */
  hasten(): void;
  /** Nothing is waited for any more. Resolves when no look is under way. */
  rest(): Promise<void>;
}

/** Between two looks: soon after something new is waited for, then ever more seldom. */
const shortestPauseMs = 50;
const longestPauseMs = 250;

export function paceLooks(look: () => Promise<void>, { isNeeded, clock }: { isNeeded(): boolean; clock: Clock }): PacedLooks {
  let pauseMs = shortestPauseMs;
  let timer: Timer | null = null;
  let looking: Promise<void> | null = null;

  return {
    hasten() {
      pauseMs = shortestPauseMs;
      schedule();
    },
    async rest() {
      timer?.cancel();
      await looking;
    },
  };

  function schedule(): void {
    timer?.cancel();
    if (looking !== null || !isNeeded()) return;
    timer = clock.setTimer(pauseMs, () => {
      looking = Promise.resolve().then(lookOnce);
    });
  }

  async function lookOnce(): Promise<void> {
    await look();
    looking = null;
    pauseMs = Math.min(pauseMs * 1.5, longestPauseMs);
    schedule();
  }
}
