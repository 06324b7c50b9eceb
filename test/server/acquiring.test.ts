import { describe, expect, test } from 'vitest';
import type { CourierRequest } from '../../src/protocol/courier.ts';
import { type Acquired, acquireLock, type Wish } from '../../src/server/instance/acquiring.ts';
import type { Meeting } from '../../src/server/instance/holder.ts';
import type { VisitAnswer } from '../../src/server/instance/visit.ts';
import { createFakeClock } from '../harness/fakeClock.ts';

/* How long somebody tries, waits and tells; the rest is played with real processes. */

const unknown = { host: null, sidecar: null, closing: false };
const letter = { payload: { data: 1 }, from: { pid: 7 } };

interface Scene {
  /** Who is at the door so many ms after the beginning. */
  door(atMs: number): 'nobody' | 'silent' | 'stranger' | 'open' | 'closing';
  /** From when on the lock is free; never, when absent. */
  freeAtMs?: number;
  /** What the holder answers to the letter, and after how long; nothing when absent. */
  answer?: { afterMs: number; answer: VisitAnswer };
}

/** Plays it in time that passes by itself; gives the outcome, when it came, and how often the lock was tried for. */
async function play({ door, freeAtMs = Number.POSITIVE_INFINITY, answer }: Scene, wish: Wish, cancelAtMs?: number) {
  const clock = createFakeClock();
  const cancelling = new AbortController();
  let attempts = 0;
  const told: CourierRequest[] = [];
  const passes = async (ms: number, signal?: AbortSignal) => {
    await clock.sleep(ms, signal);
    return null;
  };
  const visit = {
    async ask(request: CourierRequest, withinMs: number): Promise<VisitAnswer> {
      told.push(request);
      if (answer === undefined || answer.afterMs > withinMs) return (await passes(withinMs)) ?? { kind: 'silent' };
      return (await passes(answer.afterMs)) ?? answer.answer;
    },
    async ended(withinMs: number, signal: AbortSignal) {
      const leftMs = freeAtMs - clock.monotonicMs();
      await passes(Math.min(withinMs, leftMs), signal);
      return leftMs <= withinMs;
    },
    [Symbol.dispose]() {},
  };
  const parts = {
    async attempt() {
      attempts += 1;
      return clock.monotonicMs() >= freeAtMs ? ({ kind: 'taken', lock: 'l1' } as const) : ({ kind: 'held' } as const);
    },
    async meet(withinMs: number): Promise<Meeting> {
      const who = door(clock.monotonicMs());
      if (who === 'nobody') return { kind: 'nobody', reason: 'nobody is there' };
      if (who === 'silent') await passes(withinMs);
      return who === 'open' || who === 'closing'
        ? { kind: 'holder', holder: { ...unknown, closing: who === 'closing' }, visit }
        : { kind: who, visit };
    },
    readHolder: async () => unknown,
    clock,
  };
  let outcome: Acquired<string> | { failed: unknown } | null = null;
  acquireLock(parts, wish, cancelling.signal).then(
    (acquired) => {
      outcome = acquired;
    },
    (error: unknown) => {
      outcome = { failed: error };
    },
  );
  while (outcome === null) {
    await new Promise((resolve) => setImmediate(resolve));
    if (outcome !== null) break;
    clock.advance(1);
    if (cancelAtMs !== undefined && clock.monotonicMs() >= cancelAtMs) cancelling.abort('cancelled');
  }
  return { outcome: outcome as Acquired<string> | { failed: unknown }, atMs: clock.monotonicMs(), attempts, told };
}

const undelivered = (reason: RegExp) => ({ kind: 'refused', told: { delivered: false, reason: expect.stringMatching(reason) } });

describe('somebody who wants a lock', () => {
  test('that is free has it at once', async () => {
    expect(await play({ door: () => 'nobody', freeAtMs: 0 }, { waitMs: 0, letter })).toMatchObject({
      outcome: { kind: 'taken', lock: 'l1' },
      atMs: 0,
      attempts: 1,
    });
  });

  test.each<[string, Scene['door'], number, Wish['letter'], number, number]>([
    ['nobody at the door, and nothing to tell', () => 'nobody', 0, null, 250, 310],
    ['nobody at the door, and something to tell', () => 'nobody', 0, letter, 2_500, 2_560],
    ['nobody at the door, after some waiting', () => 'nobody', 1_000, letter, 3_500, 3_560],
    ['one that says nothing', () => 'silent', 0, letter, 2_500, 2_500],
    ['one that says nothing, after some waiting', () => 'silent', 1_000, letter, 1_000, 4_000],
    ['one that speaks another language', () => 'stranger', 0, letter, 0, 0],
    ['one that is closing, for 5 s', () => 'closing', 0, letter, 5_000, 5_000],
    ['one that is closing, for as long as was asked', () => 'closing', 9_000, letter, 9_000, 9_000],
    ['one whose host hangs', () => 'open', 0, letter, 2_500, 2_500],
    ['one whose host hangs, after some waiting', () => 'open', 1_000, letter, 3_500, 3_500],
  ])('gives up in time: %s', async (_what, door, waitMs, wanted, from, to) => {
    const { outcome, atMs } = await play({ door }, { waitMs, letter: wanted });
    expect(outcome).toMatchObject(wanted === null ? { kind: 'refused', told: null } : undelivered(/./));
    expect(atMs).toBeGreaterThanOrEqual(from);
    expect(atMs).toBeLessThanOrEqual(to);
  });

  test('tries again when the holder has ended, and not before', async () => {
    expect(await play({ door: () => 'open', freeAtMs: 700 }, { waitMs: 60_000, letter })).toMatchObject({
      outcome: { kind: 'taken' },
      atMs: 700,
      attempts: 2,
      told: [],
    });
  });

  test('waits for one that begins to close while it is told', async () => {
    const scene: Scene = {
      door: () => 'open',
      freeAtMs: 1_500,
      answer: { afterMs: 100, answer: { kind: 'closing' } },
    };
    expect(await play(scene, { waitMs: 0, letter })).toMatchObject({ outcome: { kind: 'taken' }, atMs: 1_500, attempts: 2 });
  });

  test('tells the next holder, with the whole time for it, when the last one has closed', async () => {
    const scene: Scene = {
      door: (atMs) => (atMs < 4_000 ? 'closing' : 'open'),
      answer: { afterMs: 2_000, answer: { kind: 'delivered', reply: 'here' } },
    };
    // Its patience with the closing one is over after 5 s.
    const { outcome, atMs, told } = await play(scene, { waitMs: 0, letter });
    expect(outcome).toMatchObject({ kind: 'refused', told: { delivered: true, reply: 'here' } });
    expect(atMs).toBe(7_000);
    expect(told).toEqual([{ kind: 'deliver', ...letter, withinMs: 2_250 }]);
  });

  test('that is cancelled takes nothing, and says why', async () => {
    const { outcome, atMs } = await play({ door: () => 'open', freeAtMs: 700 }, { waitMs: 60_000, letter }, 300);
    expect(outcome).toEqual({ failed: 'cancelled' });
    expect(atMs).toBe(300);
  });
});
