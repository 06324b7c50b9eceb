import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../../clock.ts';
import type { CompleteProbe } from '../spec.ts';
import { type Answer, type Ask, givenUp } from './types.ts';

/** Whether readiness and liveness ask the same, as patiently and as often; how many answers count may differ. */
export function areOneQuestion(readiness: CompleteProbe, liveness: CompleteProbe): boolean {
  return isDeepStrictEqual(questionOf(readiness), questionOf(liveness));
}

function questionOf({ initialDelayMs: _delay, successThreshold: _ups, failureThreshold: _downs, ...question }: CompleteProbe) {
  return question;
}

/**
 * One question answers both, where it was asked just now: whoever joined later would be told that time is up when its own is not.
 */
export function shareQuestions(ask: Ask, clock: Pick<Clock, 'monotonicMs'>): Ask {
  let last: { answer: Promise<Answer>; atMs: number } | null = null;
  return (signal) => {
    const nowMs = clock.monotonicMs();
    if (last !== null && nowMs - last.atMs <= justNowMs) return Promise.race([last.answer, givenUp(signal)]);
    const question = { answer: ask(signal), atMs: nowMs };
    last = question;
    const forget = () => {
      if (last === question) last = null;
    };
    question.answer.then(forget, forget);
    return question.answer;
  };
}

const justNowMs = 10;
