/** At most so many restarts within so long. */
export interface Restarts {
  most: number;
  withinMs: number;
}

export const defaultRestarts: Restarts = { most: 5, withinMs: 180_000 };

/** How a sidecar ended, or why it could not be started; `code` where it exited by itself. */
export interface Death {
  sentence: string;
  code: number | null;
}

export interface Circumstances {
  /** Nobody has asked it to end. */
  isWanted: boolean;
  restarts: Restarts;
  /** When it was restarted before, and now; in milliseconds of one clock. */
  restartedAt: readonly number[];
  now: number;
}

export type AfterDeath = { kind: 'restart'; afterMs: number } | { kind: 'over'; sentence: string };

/** What follows from the end of a sidecar. The first restart is at once, each further one within the time waits twice as long. */
export function afterDeath({ sentence, code }: Death, { isWanted, restarts, restartedAt, now }: Circumstances): AfterDeath {
  const over = (why: string): AfterDeath => ({ kind: 'over', sentence: `${sentence} ${why}` });
  if (!isWanted) return over('It was asked to end.');
  // 0: somebody ended it in order. 3: so too, and a critical shutdown handler failed.
  if (code === 0 || code === 3) return over('That was an orderly end, so it is not restarted.');
  const recent = restartedAt.filter((at) => now - at < restarts.withinMs).length;
  if (restarts.most === 0) return over('It is not to be restarted.');
  if (recent >= restarts.most) {
    return over(
      `It was restarted ${recent} times within ${restarts.withinMs / 1_000} s and is not restarted again: see why it ends, then spawn a new one.`,
    );
  }
  return { kind: 'restart', afterMs: recent === 0 ? 0 : firstDelayMs * 2 ** (recent - 1) };
}

const firstDelayMs = 100;
