import { expect, test } from 'vitest';
import { paceLooks } from '../../src/workers/platform/pacedLooks.ts';
import { createFakeClock } from '../harness/fakeClock.ts';

test('what is new between two looks is looked at soon, also where a look takes no time', async () => {
  const clock = createFakeClock();
  const pass = (ms: number) => {
    clock.advance(ms);
    return new Promise((resolve) => setImmediate(resolve));
  };
  let looks = 0;
  const { hasten, rest } = paceLooks(
    async () => {
      looks += 1;
    },
    { isNeeded: () => true, clock },
  );
  hasten();
  await pass(50);
  expect(looks).toBe(1);
  await pass(10);
  hasten();
  await pass(50);
  expect(looks).toBe(2);
  await rest();
  await pass(1_000);
  expect(looks).toBe(2);
});
