import { describe, expect, test } from 'vitest';
import type { HoldPort } from '../../src/server/os/heldSocket.ts';
import { type AllocationOrder, createAllocate } from '../../src/server/ports/allocation.ts';
import { allowedRanges, listCandidates } from '../../src/server/ports/candidates.ts';
import { createLeases } from '../../src/server/ports/leases.ts';
import type { PortRules } from '../../src/workers/platform/types.ts';
import type { Pool } from '../../src/workers/pool.ts';
import type { PortQuestion, PortVerdict } from '../../src/workers/tasks/checkPort.ts';
import { createFakeClock } from '../harness/fakeClock.ts';

const linux: PortRules = {
  unprivilegedPortStart: 1_024,
  mayBindPrivileged: false,
  ephemeral: { from: 32_768, to: 60_999 },
  reserved: [{ from: 21_000, to: 21_009 }],
  reservedRefusesBind: false,
};
const none = new Set<number>();
const take = (ports: Iterable<number>, count: number): number[] => [...ports].slice(0, count);

describe('which ports are tried, and in which order', () => {
  test('the key’s, the preferred, then from a random start, each once', () => {
    const wishes = { keyPorts: [25_000, 25_001], preferred: [3_000, 25_000] };
    expect(take(listCandidates(wishes, linux, none, 0), 6)).toEqual([25_000, 25_001, 3_000, 20_000, 20_001, 20_002]);
    expect(take(listCandidates({ keyPorts: [], preferred: [] }, linux, none, 0.5), 1)[0]).toBeGreaterThan(25_000);
  });

  test.each([0, 0.3, 0.999_999])('neither ephemeral nor reserved nor privileged ones, and all others (start %d)', (random) => {
    const all = [...listCandidates({ keyPorts: [], preferred: [] }, linux, none, random)];
    expect(new Set(all).size).toBe(all.length);
    expect(all.filter((port) => port >= 32_768 && port <= 60_999)).toEqual([]);
    expect(all.filter((port) => port >= 21_000 && port <= 21_009)).toEqual([]);
    expect(all.length).toBe(65_535 - 1_023 - (60_999 - 32_768 + 1) - 10);
    // The well-known ones come last.
    const usual = 65_535 - 19_999 - (60_999 - 32_768 + 1) - 10;
    expect(Math.min(...all.slice(0, usual))).toBe(20_000);
    expect(Math.max(...all.slice(usual))).toBe(19_999);
  });

  test('what is promised to others comes when nothing else is left', () => {
    const range = { from: 22_000, to: 22_003 };
    expect([...listCandidates({ keyPorts: [], preferred: [], range }, linux, new Set([22_000, 22_002]), 0)]).toEqual([
      22_001, 22_003, 22_000, 22_002,
    ]);
  });

  test('a range replaces the usual one', () => {
    const wishes = { keyPorts: [], preferred: [3_000], range: { from: 22_000, to: 22_001 } };
    expect([...listCandidates(wishes, linux, none, 0.5)]).toEqual([3_000, 22_001, 22_000]);
  });

  test.each([
    [
      'across the ephemeral range',
      { from: 32_760, to: 61_005 },
      linux,
      [
        [32_760, 32_767],
        [61_000, 61_005],
      ],
    ],
    ['inside of it', { from: 40_000, to: 40_100 }, linux, []],
    [
      'around a reserved one',
      { from: 20_998, to: 21_011 },
      linux,
      [
        [20_998, 20_999],
        [21_010, 21_011],
      ],
    ],
    ['privileged without the privilege', { from: 80, to: 1_025 }, linux, [[1_024, 1_025]]],
    ['privileged with it', { from: 80, to: 90 }, { ...linux, mayBindPrivileged: true }, [[80, 90]]],
    ['where nothing is privileged', { from: 80, to: 90 }, { ...linux, unprivilegedPortStart: 0 }, [[80, 90]]],
    ['no ephemeral range known', { from: 40_000, to: 40_001 }, { ...linux, ephemeral: null }, [[40_000, 40_001]]],
  ])('a range %s', (_name, range, rules, expected) => {
    expect(
      allowedRanges(range, rules)
        .flat()
        .map(({ from, to }) => [from, to]),
    ).toEqual(expected);
  });
});

describe('handing out', () => {
  test('ports that can be bound, distinct, and never one twice while many ask at once', async () => {
    const { allocate, busy } = scene();
    for (let port = 20_000; port < 20_100; port += 2) busy.add(port);
    const ports = (await Promise.all(Array.from({ length: 64 }, () => allocate({ count: 4 })))).flat().map(({ port }) => port);
    expect(ports).toHaveLength(256);
    expect(new Set(ports).size).toBe(256);
    expect(ports.filter((port) => busy.has(port))).toEqual([]);
  });

  test('10,000 allocate/release cycles with 64 in flight: no port twice, none before it has rested, and nothing is left', async () => {
    const { allocate, leases, clock, sockets } = scene({ random: Math.random });
    const owned = new Set<number>();
    const releasedMs = new Map<number, number>();
    let cycles = 0;
    const worker = async (): Promise<void> => {
      while (cycles < 10_000) {
        cycles += 1;
        const made = await allocate({ count: 1 + (cycles % 3), hold: cycles % 2 === 0, ...(cycles % 5 === 0 && { ttlMs: 60_000 }) });
        for (const { port } of made) {
          expect(owned.has(port)).toBe(false);
          expect(clock.monotonicMs() - (releasedMs.get(port) ?? -10_000)).toBeGreaterThanOrEqual(10_000);
          owned.add(port);
        }
        await Promise.resolve();
        for (const { port } of made) {
          owned.delete(port);
          releasedMs.set(port, clock.monotonicMs());
        }
        expect(
          leases.release(
            'c1',
            made.map(({ leaseId }) => leaseId),
          ),
        ).toHaveLength(made.length);
        clock.advance(2);
      }
    };
    await Promise.all(Array.from({ length: 64 }, worker));
    expect([leases.size, sockets.open, clock.timers, owned.size]).toEqual([0, 0, 0, 0]);
    expect(sockets.opened).toBeGreaterThan(5_000);
    clock.advance(10_000);
    for (const port of releasedMs.keys()) expect(leases.isFree(port)).toBe(true);
    leases.reserve(4_096).leave();
  });

  test('preferred where they are free, others in the place of those that are not', async () => {
    const { allocate, busy } = scene();
    busy.add(3_001);
    expect(portsOf(await allocate({ count: 3, preferred: [3_000, 3_001, 40_000] }))).toEqual([3_000, 20_000, 40_000]);
  });

  test('a key gets its ports again, in their order; one that is not free is replaced where it stood, for good', async () => {
    const { allocate, leases, busy, keys } = scene();
    const first = await allocate({ count: 2, key: 'wt' });
    expect(portsOf(first)).toEqual([20_000, 20_001]);
    const second = await allocate({ count: 1, key: 'wt' });
    expect(keys.get('wt')).toEqual([20_000, 20_001, 20_002]);
    leases.release(
      'c1',
      [...first, ...second].map(({ leaseId }) => leaseId),
    );

    expect(portsOf(await allocate({ count: 2 }))).toEqual([20_003, 20_004]);
    busy.add(20_000);
    const again = await allocate({ count: 2, key: 'wt' });
    expect(portsOf(again)).toEqual([20_005, 20_001]);
    expect(keys.get('wt')).toEqual([20_005, 20_001, 20_002]);
    leases.release(
      'c1',
      again.map(({ leaseId }) => leaseId),
    );
    busy.clear();
    expect(portsOf(await allocate({ key: 'wt', range: { from: 22_000, to: 22_001 } }))).toEqual([22_000]);
    expect(portsOf(await allocate({ count: 2, key: 'wt', preferred: [3_000] }))).toEqual([20_005, 20_001]);
  });

  test('a port of a key that cannot be held just now is not lost to it', async () => {
    const { allocate, keys } = scene({ unholdable: [25_000] });
    keys.set('wt', [25_000]);
    expect(portsOf(await allocate({ key: 'wt', hold: true }))).toEqual([20_000]);
    expect(keys.get('wt')).toEqual([25_000, 20_000]);
    expect(portsOf(await allocate({ key: 'wt' }))).toEqual([25_000]);
  });

  test('what one key remembers is not handed out to another, or to none', async () => {
    const { allocate, leases, clock } = scene();
    const first = await allocate({ count: 2, key: 'one' });
    leases.release(
      'c1',
      first.map(({ leaseId }) => leaseId),
    );
    clock.advance(10_000);
    expect(portsOf(await allocate({}))).toEqual([20_002]);
    expect(portsOf(await allocate({ key: 'two' }))).toEqual([20_003]);
    expect(portsOf(await allocate({ key: 'one' }))).toEqual([20_000]);
  });

  test('held ones are bound; one that cannot be held is passed over', async () => {
    const { allocate, sockets, leases } = scene({ unholdable: [20_000] });
    const made = await allocate({ count: 2, hold: true });
    expect(made.every(({ held }) => held)).toBe(true);
    expect(portsOf(made).sort()).toEqual([20_001, 20_002]);
    expect(sockets.open).toBe(2);
    leases.release(
      'c1',
      made.map(({ leaseId }) => leaseId),
    );
    expect(sockets.open).toBe(0);
  });

  test.each([
    ['all are in use', { range: { from: 22_000, to: 22_000 } }, 'No port is left from 22000 to 22000'],
    ['too few', { count: 2, range: { from: 22_001, to: 22_001 } }, 'No 2 ports are left'],
    ['all are ephemeral', { range: { from: 40_000, to: 40_100 } }, 'ephemeral, 32768 to 60999 here'],
    ['an address of another machine', { host: '203.0.113.9' }, 'no such address'],
  ])('Conflict when %s, and nothing is kept', async (_name, order, sentence) => {
    const { allocate, busy, leases, sockets } = scene();
    busy.add(22_000);
    await expect(allocate({ hold: true, ...order })).rejects.toMatchObject({
      failure: { kind: 'Conflict', message: expect.stringContaining(sentence) },
    });
    expect([leases.size, sockets.open]).toEqual([0, 0]);
    leases.reserve(4_096).leave();
    expect([leases.isFree(22_000), leases.isFree(22_001)]).toEqual([true, true]);
  });

  test('a range that ends before it begins is InvalidParams', async () => {
    await expect(scene().allocate({ range: { from: 2_000, to: 1_999 } })).rejects.toMatchObject({ failure: { kind: 'InvalidParams' } });
  });

  test('cancelled while it looks: nothing is kept', async () => {
    const { allocate, leases } = scene();
    const stop = new AbortController();
    const cancelled = allocate({ count: 3, hold: true }, stop.signal);
    stop.abort(new Error('cancelled'));
    await expect(cancelled).rejects.toThrow('cancelled');
    expect(portsOf(await allocate({}))).toEqual([20_000]);
    expect(leases.size).toBe(1);
  });

  test('the sidecar shuts down while it looks: nothing is kept', async () => {
    const { allocate, leases, sockets } = scene();
    const late = allocate({ count: 3, hold: true });
    leases.close();
    await expect(late).rejects.toMatchObject({ failure: { kind: 'ShuttingDown' } });
    expect(sockets.open).toBe(0);
  });

  test('the rules are read again after they could not be', async () => {
    const { allocate, faults } = scene();
    faults.rules = true;
    await expect(allocate({})).rejects.toThrow('no rules');
    faults.rules = false;
    expect(portsOf(await allocate({}))).toEqual([20_000]);
  });
});

const portsOf = (leases: { port: number }[]): number[] => leases.map(({ port }) => port);

/** A machine of which the test says what is busy. */
function scene({ random = () => 0, unholdable = [] }: { random?: () => number; unholdable?: number[] } = {}) {
  const clock = createFakeClock();
  const leases = createLeases(clock, 4_096);
  const busy = new Set<number>();
  const keys = new Map<string, readonly number[]>();
  const faults = { rules: false };
  const sockets = { open: 0, opened: 0 };
  const judge = ({ port, hosts }: PortQuestion): PortVerdict => {
    if (hosts?.includes('203.0.113.9')) return { inUse: false, canBind: false, reason: 'addressUnavailable' };
    return busy.has(port) ? { inUse: true, canBind: false, reason: 'inUse' } : { inUse: false, canBind: true, reason: null };
  };
  const run = async (task: string, input: { questions: PortQuestion[] }, options?: { signal?: AbortSignal }): Promise<unknown> => {
    await new Promise((resolve) => setImmediate(resolve));
    options?.signal?.throwIfAborted();
    if (task === 'checkPorts') return input.questions.map(judge);
    if (faults.rules) throw new Error('no rules');
    return { ...linux, reserved: [] };
  };
  const holdPort: HoldPort = (port) => {
    if (unholdable.includes(port)) return null;
    let isOpen = true;
    sockets.open += 1;
    sockets.opened += 1;
    return {
      close() {
        if (isOpen) sockets.open -= 1;
        isOpen = false;
      },
    };
  };
  const registrations = {
    portsOfKey: async (key: string) => [...(keys.get(key) ?? [])],
    rememberKey: async (key: string, update: (before: readonly number[]) => readonly number[]) =>
      void keys.set(key, [...new Set(update(keys.get(key) ?? []))]),
    promisedPorts: () => new Set([...keys.values()].flat()),
  };
  const impatient = { ...clock, sleep: async () => {}, monotonicMs: clock.monotonicMs };
  const allocateBy = createAllocate({
    pool: { run } as unknown as Pool,
    leases,
    holdPort,
    registrationsOf: () => registrations,
    clock: impatient,
    random,
  });
  const allocate = (order: Partial<AllocationOrder>, signal?: AbortSignal) =>
    allocateBy({ count: 1, preferred: [], hold: false, ...order }, { connectionId: 'c1', signal });
  return { allocate, leases, clock, busy, keys, sockets, faults };
}
