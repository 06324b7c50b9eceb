import { expect, test } from 'vitest';
import { createTurns } from '../../src/server/supervisor/turns.ts';
import { createFakeClock } from '../harness/fakeClock.ts';

test('no more programs are spawned at a time than there may be, in the order in which they came', async () => {
  const turns = createTurns(2, createFakeClock());
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  const all = gates.map((gate, index) =>
    turns.spawn(async () => {
      begun.push(index);
      await gate.promise;
      return index;
    }),
  );
  gates[1]?.resolve();
  expect(await all[1]).toBe(1);
  expect(begun.slice(0, 2)).toEqual([0, 1]);
  for (const { resolve } of gates) resolve();
  expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
  expect(begun).toEqual([0, 1, 2, 3]);
});

test('it is quiet when no start is under way, and at the latest after half a second', async () => {
  const clock = createFakeClock();
  const turns = createTurns(2, clock);
  await turns.quiet();
  const ends = [turns.begin(), turns.begin()];
  let isQuiet = false;
  const quiet = turns.quiet().then(() => {
    isQuiet = true;
  });
  ends[0]?.();
  await Promise.resolve();
  expect(isQuiet).toBe(false);
  ends[1]?.();
  await quiet;
  const end = turns.begin();
  const late = turns.quiet();
  clock.advance(500);
  await late;
  end();
  await turns.quiet();
});
