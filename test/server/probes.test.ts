import { describe, expect, test } from 'vitest';
import { repeat } from '../../src/server/supervisor/probes/repeat.ts';
import { areOneQuestion, shareQuestions } from '../../src/server/supervisor/probes/sharing.ts';
import { type Answer, type Ask, failure, success } from '../../src/server/supervisor/probes/types.ts';
import type { CompleteProbe } from '../../src/server/supervisor/spec.ts';
import { createFakeClock, type FakeClock } from '../harness/fakeClock.ts';

const rhythm = { initialDelayMs: 0, periodMs: 1_000, timeoutMs: 1_000, successThreshold: 1, failureThreshold: 3 };
/** Millisecond by millisecond, and whoever waits for one goes on in it. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let step = 0; step < ms; step += 1) {
    clock.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const tcp: CompleteProbe = { kind: 'tcp', port: 80, ...rhythm };

describe('questions that come again and again', () => {
  test.each([
    { periodMs: 1_000, expected: [7, 1_000, 2_000, 3_000] },
    { periodMs: 730, expected: [7, 750, 1_500, 2_250] },
    { periodMs: 100, expected: [7, 107, 207, 307] },
  ])('every $periodMs ms, at moments that all services share where that is long', async ({ periodMs, expected }) => {
    const clock = createFakeClock();
    const ended = new AbortController();
    const askedAtMs: number[] = [];
    const ask: Ask = async () => {
      askedAtMs.push(clock.monotonicMs());
      return success;
    };
    await pass(clock, 6);
    const over = repeat({ ...rhythm, periodMs }, ask, { onSuccess() {}, onFailure() {}, signal: ended.signal, clock });
    await pass(clock, (expected.at(-1) as number) - 6);
    ended.abort();
    await over;
    expect(askedAtMs).toEqual(expected);
  });

  test('the question under way is given up with the rest, and tells nobody', async () => {
    const clock = createFakeClock();
    const ended = new AbortController();
    const told: string[] = [];
    const ask: Ask = (signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(failure('given up'))));
    const over = repeat({ ...rhythm, failureThreshold: 1 }, ask, {
      onSuccess: () => told.push('success'),
      onFailure: (why) => told.push(why),
      signal: ended.signal,
      clock,
    });
    await pass(clock, 1_000);
    expect(told).toEqual([]);
    await pass(clock, 1);
    expect(told).toEqual(['no answer within 1000 ms']);
    await pass(clock, 500);
    ended.abort();
    await over;
    expect(told).toEqual(['no answer within 1000 ms']);
  });
});

describe('one question for readiness and liveness', () => {
  test('where they ask the same, as patiently and as often', () => {
    expect(areOneQuestion(tcp, { ...tcp, failureThreshold: 9, initialDelayMs: 5 })).toBe(true);
    for (const other of [
      { ...tcp, port: 81 },
      { ...tcp, timeoutMs: 2_000 },
      { ...tcp, periodMs: 2_000 },
      { ...tcp, kind: 'http' },
    ] as CompleteProbe[])
      expect(areOneQuestion(tcp, other)).toBe(false);
  });

  test('whoever asks just behind another hears the same answer, and whoever comes later asks again', async () => {
    const clock = createFakeClock();
    const answers: PromiseWithResolvers<Answer>[] = [];
    const ask = shareQuestions(() => {
      const answer = Promise.withResolvers<Answer>();
      answers.push(answer);
      return answer.promise;
    }, clock);
    const { signal } = new AbortController();
    const hasty = new AbortController();
    const [first, joined, left] = [ask(signal), ask(signal), ask(hasty.signal)];
    expect(answers).toHaveLength(1);
    hasty.abort();
    expect((await left).kind).toBe('failure');
    await pass(clock, 11);
    const late = ask(signal);
    expect(answers).toHaveLength(2);
    answers[0]?.resolve(success);
    expect(await Promise.all([first, joined])).toEqual([success, success]);
    answers[1]?.resolve(failure('no'));
    expect(await late).toEqual(failure('no'));
    void ask(signal);
    expect(answers).toHaveLength(3);
  });
});
