import type { Clock } from '../../../clock.ts';
import type { Rhythm } from '../spec.ts';
import { setAwakeTimer } from './awake.ts';
import { type Answer, type Ask, failure, reasonOf } from './types.ts';

export interface Repetition {
  /** Called when so many successes in a row were seen, and again after a failure in between. */
  onSuccess(): void;
  /** The same for failures, with the reason of the last one. */
  onFailure(why: string): void;
  signal: AbortSignal;
  clock: Clock;
}

/** Asks again and again, one question at a time, until the signal is aborted. */
export async function repeat(rhythm: Rhythm, ask: Ask, { onSuccess, onFailure, signal, clock }: Repetition): Promise<void> {
  let last: Answer['kind'] | null = null;
  let inARow = 0;
  await pause(clock, rhythm.initialDelayMs, signal);
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    const answer = await askInTime(ask, rhythm.timeoutMs, signal, clock);
    if (signal.aborted) return;
    inARow = answer.kind === last ? inARow + 1 : 1;
    last = answer.kind;
    if (answer.kind === 'success' && inARow === rhythm.successThreshold) onSuccess();
    if (answer.kind === 'failure' && inARow === rhythm.failureThreshold) onFailure(answer.why);
    await pause(clock, rhythm.periodMs - (clock.monotonicMs() - startedMs), signal);
  }
}

async function askInTime(ask: Ask, timeoutMs: number, ended: AbortSignal, clock: Clock): Promise<Answer> {
  const timeUp = new AbortController();
  const timer = setAwakeTimer(clock, timeoutMs, () => timeUp.abort());
  try {
    const answer = await ask(AbortSignal.any([ended, timeUp.signal])).catch((error: unknown) => failure(reasonOf(error)));
    return timeUp.signal.aborted ? failure(`no answer within ${timeoutMs} ms`) : answer;
  } finally {
    timer.cancel();
  }
}

/** Even a question that took longer than its period lets others have their turn. */
async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(Math.max(0, delayMs), signal).catch(() => {});
}
