import { expect, test } from 'vitest';
import { askTogether } from '../../src/server/supervisor/askTogether.ts';

test('no more is asked together than there may be', async () => {
  const asked: number[][] = [];
  const ask = askTogether(async (numbers: number[]) => {
    asked.push(numbers);
    return numbers;
  }, 2);
  expect(await Promise.all([1, 2, 3, 4].map(ask))).toEqual([1, 2, 3, 4]);
  expect(asked).toEqual([[1], [2, 3], [4]]);
});

test('what is asked while a question is under way is asked together, answered in order, and fails together', async () => {
  const asked: number[][] = [];
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const ask = askTogether(async (numbers: number[]) => {
    asked.push(numbers);
    await gates[asked.length - 1]?.promise;
    return numbers.map((number) => number * 10);
  });
  const first = ask(1);
  const others = Promise.all([ask(2), ask(3)]);
  expect(asked).toEqual([[1]]);
  gates[0]?.resolve();
  expect(await first).toBe(10);
  const late = Promise.allSettled([ask(4), ask(5)]);
  gates[1]?.resolve();
  expect(await others).toEqual([20, 30]);
  gates[2]?.reject(new Error('no thread'));
  expect((await late).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(asked).toEqual([[1], [2, 3], [4, 5]]);
  expect(await ask(6)).toBe(60);
});
