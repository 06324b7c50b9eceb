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
  let question: AbortController | null = null;
  // One listener for all of them: AbortSignal.any for each costs as much as the question.
  signal.addEventListener('abort', () => question?.abort(), { once: true });
  await pause(clock, rhythm.initialDelayMs, signal);
  while (!signal.aborted) {
    const startedMs = clock.monotonicMs();
    question = new AbortController();
    const answer = await askInTime(ask, rhythm.timeoutMs, question, clock);
    if (signal.aborted) return;
    inARow = answer.kind === last ? inARow + 1 : 1;
    last = answer.kind;
    if (answer.kind === 'success' && inARow === rhythm.successThreshold) onSuccess();
    if (answer.kind === 'failure' && inARow === rhythm.failureThreshold) onFailure(answer.why);
    const nowMs = clock.monotonicMs();
    await pause(clock, nextMs(startedMs, rhythm.periodMs) - nowMs, signal);
  }
}

async function askInTime(ask: Ask, timeoutMs: number, question: AbortController, clock: Clock): Promise<Answer> {
  let isTimeUp = false;
  const timer = setAwakeTimer(clock, timeoutMs, () => {
    isTimeUp = true;
    question.abort();
  });
  try {
    const answer = await ask(question.signal).catch((error: unknown) => failure(reasonOf(error)));
    return isTimeUp ? failure(`no answer within ${timeoutMs} ms`) : answer;
  } finally {
    timer.cancel();
  }
}

/**
 * When the next question is due. Those of all services are asked at the same 20 moments of a second, so that a hundred of them
 * wake the machine 20 times a second and not a hundred times; each by 25 ms earlier or later, once. Short periods are kept as they are.
 */
function nextMs(startedMs: number, periodMs: number): number {
  const dueMs = startedMs + periodMs;
  return periodMs < shortestAlignedMs ? dueMs : Math.round(dueMs / gridMs) * gridMs;
}
const gridMs = 50;
const shortestAlignedMs = 500;

/** Even a question that took longer than its period lets others have their turn. */
async function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(Math.max(0, delayMs), signal).catch(() => {});
}
