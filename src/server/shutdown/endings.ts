import { type Ending, reasonOf } from './exitCode.ts';

/** What ends the sidecar: the first decides how, a later one may leave less time. */
export interface Endings {
  /** Takes note of one. */
  end(ending: Ending): void;
  readonly first: Promise<Ending>;
  /** Resolves when a later one leaves less time. */
  readonly hurried: Promise<void>;
}

export const deadlineMs = 15_000;
/** Nobody waits for us any more; what is left soon after is killed. */
export const hostDeathDeadlineMs = 3_000;
/** The second SIGTERM skips the grace; killing and seeing it takes a moment. */
const impatientDeadlineMs = 500;

/** `onHurry` is told how much time is left from now, and why. */
export function createEndings(onHurry: (reason: string, deadlineMs: number) => void): Endings {
  const first = Promise.withResolvers<Ending>();
  const hurried = Promise.withResolvers<void>();
  let hasBegun = false;
  let signals = 0;

  return {
    first: first.promise,
    hurried: hurried.promise,
    end(ending) {
      if (ending.kind === 'signal') signals += 1;
      if (!hasBegun) {
        hasBegun = true;
        first.resolve(ending);
      } else if (ending.kind === 'hostDeath') hurry(ending, hostDeathDeadlineMs);
      else if (signals > 1) hurry(ending, impatientDeadlineMs);
    },
  };

  function hurry(ending: Ending, timeMs: number): void {
    onHurry(reasonOf(ending), timeMs);
    hurried.resolve();
  }
}
