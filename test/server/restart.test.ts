import { describe, expect, test } from 'vitest';
import { judge, noRestarts, type RestartHistory } from '../../src/server/supervisor/restart.ts';

const policy = {
  policy: 'onFailure',
  backoffMs: 500,
  maxBackoffMs: 30_000,
  resetAfterMs: 10_000,
  maxRestarts: 5,
  windowMs: 60_000,
} as const;
const failing = { isFailure: true, atMs: 0, wellMs: 0, chance: 0.5 };

/** One failure after the other, each at once after the delay. */
function failOften(times: number, of: Parameters<typeof judge>[1], wellMs = 0) {
  let history: RestartHistory = noRestarts;
  let atMs = 0;
  return Array.from({ length: times }, () => {
    const [verdict, next] = judge(history, of, { ...failing, atMs, wellMs });
    history = next;
    atMs += wellMs + (verdict.kind === 'retry' ? verdict.delayMs : 0);
    return verdict.kind === 'retry' ? verdict.delayMs : verdict.kind;
  });
}

describe('what follows an end that nobody asked for', () => {
  test('the policy decides, and a clean exit is no failure', () => {
    const kinds = (isFailure: boolean) =>
      (['never', 'onFailure', 'always'] as const).map(
        (name) => judge(noRestarts, { ...policy, policy: name }, { ...failing, isFailure })[0].kind,
      );
    expect(kinds(true)).toEqual(['stay', 'retry', 'retry']);
    expect(kinds(false)).toEqual(['stay', 'stay', 'retry']);
  });

  test('each wait is twice the last, up to the longest', () => {
    expect(failOften(9, { ...policy, maxRestarts: -1 })).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    expect(failOften(60, { ...policy, maxRestarts: -1 }).at(-1)).toBe(30_000);
  });

  test('it is varied by up to a fifth, and 0 is 0', () => {
    const delays = (backoffMs: number) =>
      [0, 0.5, 1].map((chance) => judge(noRestarts, { ...policy, backoffMs }, { ...failing, chance })[0]);
    expect(delays(500)).toEqual([400, 500, 600].map((delayMs) => ({ kind: 'retry', delayMs })));
    expect(delays(0)).toEqual([0, 0, 0].map((delayMs) => ({ kind: 'retry', delayMs })));
  });

  test('only who was well for long enough begins anew', () => {
    const calm = { ...policy, maxRestarts: -1 };
    expect(failOften(3, calm, 9_999)).toEqual([500, 1_000, 2_000]);
    expect(failOften(3, calm, 10_000)).toEqual([500, 500, 500]);
  });

  test('too many within the window are the end, and those before it do not count', () => {
    const quick = { ...policy, backoffMs: 10, maxRestarts: 2, windowMs: 1_000, resetAfterMs: 100_000 };
    expect(failOften(3, quick)).toEqual([10, 20, 'giveUp']);
    expect(failOften(6, quick, 600)).not.toContain('giveUp');
    expect(failOften(1, { ...policy, maxRestarts: 0 })).toEqual(['giveUp']);
    const [verdict] = judge({ attempts: 1, restartedAtMs: [0] }, { ...policy, maxRestarts: 1 }, failing);
    expect(verdict).toEqual({
      kind: 'giveUp',
      why: 'It was restarted once within 60 s and is given up; start it again when what ails it is mended.',
    });
  });
});
