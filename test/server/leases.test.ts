import { describe, expect, test } from 'vitest';
import { createLeases } from '../../src/server/ports/leases.ts';
import { createFakeClock } from '../harness/fakeClock.ts';

const me = { connectionId: 'c1' };

function scene(limit = 4_096) {
  const clock = createFakeClock();
  const leases = createLeases(clock, limit);
  const sockets = { open: 0 };
  const socket = () => {
    sockets.open += 1;
    return {
      close() {
        sockets.open -= 1;
      },
    };
  };
  const lease = (port: number, terms: { key?: string; ttlMs?: number; held?: boolean } = {}) => {
    const room = leases.reserve(1);
    room.claim(port);
    const [made] = room.grant([{ port, socket: terms.held ? socket() : null }], { ...me, ...terms });
    room.leave();
    return made as NonNullable<typeof made>;
  };
  return { clock, leases, lease, socket, sockets };
}

describe('leases', () => {
  test('a port is free, claimed, leased, resting for 10 s, and free again', () => {
    const { clock, leases } = scene();
    const room = leases.reserve(1);
    expect(leases.isFree(21_000)).toBe(true);
    room.claim(21_000);
    expect(leases.isFree(21_000)).toBe(false);
    const [lease] = room.grant([{ port: 21_000, socket: null }], me);
    room.leave();
    expect(leases.isFree(21_000)).toBe(false);
    expect(lease).toEqual({ leaseId: expect.any(String), port: 21_000, held: false });
    expect(leases.release('c1', [lease?.leaseId ?? ''])).toEqual([lease?.leaseId]);
    clock.advance(9_999);
    expect(leases.isFree(21_000)).toBe(false);
    clock.advance(1);
    expect(leases.isFree(21_000)).toBe(true);
  });

  test('what was claimed and not granted is free at once', () => {
    const { leases } = scene(2);
    const room = leases.reserve(2);
    room.claim(21_000);
    room.claim(21_001);
    room.forgo(21_000);
    expect([leases.isFree(21_000), leases.isFree(21_001)]).toEqual([true, false]);
    room.leave();
    room.leave();
    expect(leases.isFree(21_001)).toBe(true);
    expect(() => leases.reserve(3)).toThrow('2 may be');
    leases.reserve(2).leave();
  });

  test('a claimed or leased port cannot be claimed by another', () => {
    const { leases, lease } = scene();
    lease(21_000);
    const [one, other] = [leases.reserve(1), leases.reserve(1)];
    one.claim(21_001);
    expect(() => other.claim(21_000)).toThrow('taken');
    expect(() => other.claim(21_001)).toThrow('taken');
    other.leave();
    expect(leases.isFree(21_001)).toBe(false);
  });

  test('while it rests, a port goes back only to the key that had it', () => {
    const { leases, lease } = scene();
    const { leaseId } = lease(21_000, { key: 'wt' });
    expect(leases.isFree(21_000, 'wt')).toBe(false);
    leases.release('c1', [leaseId]);
    expect(leases.isFree(21_000, 'wt')).toBe(true);
    expect(leases.isFree(21_000, 'other')).toBe(false);
    expect(leases.isFree(21_000)).toBe(false);
  });

  test('ttl: it releases itself, closes its socket, and rests', () => {
    const { clock, leases, lease, sockets } = scene();
    const made = lease(21_000, { ttlMs: 500, held: true });
    expect(made).toMatchObject({ held: true, expiresAt: clock.now() + 500 });
    clock.advance(499);
    expect([leases.size, sockets.open]).toEqual([1, 1]);
    clock.advance(1);
    expect([leases.size, sockets.open, leases.isFree(21_000)]).toEqual([0, 0, false]);
    expect(leases.release('c1', [made.leaseId])).toEqual([]);
    clock.advance(10_000);
    expect(leases.isFree(21_000)).toBe(true);
  });

  test('a released lease leaves no timer behind, and one longer than a timer reaches lasts as long as it was promised', () => {
    const { clock, leases, lease } = scene();
    leases.release('c1', [lease(21_000, { ttlMs: 60_000 }).leaseId]);
    expect(clock.timers).toBe(0);

    const shortReach = { ...createFakeClock() };
    const inner = createFakeClock();
    Object.assign(shortReach, inner, {
      setTimer: (delayMs: number, action: () => void) => inner.setTimer(Math.min(delayMs, 1_000), action),
    });
    const longLeases = createLeases(shortReach, 10);
    const room = longLeases.reserve(1);
    room.claim(21_000);
    room.grant([{ port: 21_000, socket: null }], { ...me, ttlMs: 3_500 });
    inner.advance(3_400);
    expect(longLeases.size).toBe(1);
    inner.advance(100);
    expect(longLeases.size).toBe(0);
  });

  test('only what is there, and only one’s own, is released, once', () => {
    const { leases, lease } = scene();
    const { leaseId } = lease(21_000);
    expect(leases.release('c2', [leaseId])).toEqual([]);
    expect(leases.release('c1', ['nobody’s', leaseId, leaseId])).toEqual([leaseId]);
    expect(leases.size).toBe(0);
  });

  test('the limit counts what is leased and what is under way', () => {
    const { leases, lease } = scene(3);
    lease(21_000);
    const room = leases.reserve(2);
    const failure = (() => {
      try {
        leases.reserve(1);
      } catch (error) {
        return (error as { failure: object }).failure;
      }
      return null;
    })();
    expect(failure).toMatchObject({ kind: 'LimitExceeded', data: { limit: 'leases', max: 3 } });
    room.leave();
    leases.reserve(2).leave();
  });

  test('closing lets all sockets go, and what is granted too late as well', () => {
    const { leases, lease, socket, sockets } = scene();
    lease(21_000, { held: true, ttlMs: 1_000 });
    const room = leases.reserve(1);
    room.claim(21_001);
    leases.close();
    expect([leases.size, sockets.open]).toEqual([0, 0]);
    const late = socket();
    expect(() => room.grant([{ port: 21_001, socket: late }], me)).toThrow('shutting down');
    room.leave();
    expect(sockets.open).toBe(0);
    expect(() => leases.reserve(1)).toThrow('shutting down');
  });
});
