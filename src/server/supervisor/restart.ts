import type { CompleteSpec } from './spec.ts';
import type { Verdict } from './state.ts';

/** What has happened to a service since it was last asked for. Times are of the monotonic clock. */
export interface RestartHistory {
  /** Restarts in a row without `resetAfterMs` of well-being in between. */
  attempts: number;
  /** When it was restarted. */
  restartedAtMs: readonly number[];
}

export const noRestarts: RestartHistory = { attempts: 0, restartedAtMs: [] };

export interface Failing {
  /** A clean exit is none. */
  isFailure: boolean;
  atMs: number;
  /** How long it had been ready and healthy. */
  wellMs: number;
  /** From 0 to 1. */
  chance: number;
}

type Policy = CompleteSpec['restart'];

/** What follows an end that nobody asked for, and the history from then on. */
export function judge(history: RestartHistory, policy: Policy, { isFailure, atMs, wellMs, chance }: Failing): [Verdict, RestartHistory] {
  if (policy.policy === 'never' || (policy.policy === 'onFailure' && !isFailure)) return [{ kind: 'stay' }, history];
  const recent = history.restartedAtMs.filter((restartedAtMs) => atMs - restartedAtMs < policy.windowMs);
  if (policy.maxRestarts !== -1 && recent.length >= policy.maxRestarts) return [{ kind: 'giveUp', why: whyGivenUp(policy) }, history];
  const attempts = wellMs >= policy.resetAfterMs ? 0 : history.attempts;
  return [
    { kind: 'retry', delayMs: backoff(attempts, policy, chance) },
    // No more of them than can ever count.
    { attempts: attempts + 1, restartedAtMs: policy.maxRestarts === -1 ? [] : [...recent, atMs] },
  ];
}

/** Varied, so that what failed together does not come back together. */
function backoff(attempts: number, { backoffMs, maxBackoffMs }: Policy, chance: number): number {
  const doubled = backoffMs * 2 ** Math.min(attempts, mostDoublings);
  return Math.round(Math.min(doubled * (1 - spread + 2 * spread * chance), maxBackoffMs));
}
const spread = 0.2;
const mostDoublings = 40;

function whyGivenUp({ maxRestarts, windowMs }: Policy): string {
  if (maxRestarts === 0) return 'It is not to be restarted (maxRestarts is 0).';
  const times = maxRestarts === 1 ? 'once' : `${maxRestarts} times`;
  return `It was restarted ${times} within ${windowMs / 1_000} s and is given up; start it again when what ails it is mended.`;
}
