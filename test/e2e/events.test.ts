import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NotificationParams, Params } from '../../src/protocol/methods/index.ts';
import { needs } from '../harness/needs.ts';
import { onLinux } from '../harness/only.ts';
import { bindUdp, findFreePort, listen, summarize } from '../harness/ports.ts';
import { nodeProgram, pythonProgram, spawnProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar, type WireMessage } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(() => sidecar?.[Symbol.asyncDispose]());

const fastest = 250;

async function subscribe(params: Params<'events/subscribe'>) {
  const { subscriptionId, snapshot } = await sidecar.call('events/subscribe', params);
  /** Its notifications so far, which number themselves without a gap. */
  const events = () => {
    const mine = sidecar.messages.filter(
      ({ method, params }) => method?.startsWith('event/') && params?.['subscriptionId'] === subscriptionId,
    );
    expect(mine.map(({ params }) => params?.['seq'])).toEqual(mine.map((_, index) => index + 1));
    return mine;
  };
  return {
    snapshot,
    events,
    next: (place: number, what: string): Promise<WireMessage> => until(() => events()[place], what, 15_000),
    unsubscribe: () => sidecar.call('events/unsubscribe', { subscriptionId }),
  };
}

const summarizeEvent = ({ params }: WireMessage) => {
  const { port, protocol, entries } = params as unknown as NotificationParams<'event/port'>;
  return { port, protocol, entries: summarize(entries) };
};

onLinux(describe)('topic port', () => {
  test('the snapshot says how things stand, events say what changes', async () => {
    const [port, other] = [await findFreePort(), await findFreePort()];
    await using _udp = await bindUdp('127.0.0.1', other);
    const { snapshot, next, events, unsubscribe } = await subscribe({
      topics: ['port'],
      filter: { ports: [port, other] },
      intervalMs: fastest,
    });
    expect(snapshot.process).toBeUndefined();
    expect(snapshot.port?.map(({ entries, ...rest }) => ({ ...rest, entries: summarize(entries) }))).toEqual([
      { port, protocol: 'tcp', entries: [] },
      { port, protocol: 'udp', entries: [] },
      { port: other, protocol: 'tcp', entries: [] },
      { port: other, protocol: 'udp', entries: [`udp 127.0.0.1 by ${process.pid}`] },
    ]);
    const first = await listen({ port, host: '127.0.0.1' });
    expect(summarizeEvent(await next(0, 'the listener'))).toEqual({ port, protocol: 'tcp', entries: [`tcp 127.0.0.1 by ${process.pid}`] });
    const second = await listen({ port, host: '127.0.0.2' });
    expect(summarizeEvent(await next(1, 'the second listener')).entries).toHaveLength(2);
    await Promise.all([first[Symbol.asyncDispose](), second[Symbol.asyncDispose]()]);
    await until(() => summarizeEvent(events().at(-1) as WireMessage).entries.length === 0, 'both to be gone');
    expect(await unsubscribe()).toEqual({ removed: true });
    for (const { params } of events()) expect(Math.abs((params?.['at'] as number) - Date.now())).toBeLessThan(60_000);
  });

  test('another owner of the same port is a change', async () => {
    const port = await findFreePort();
    const listener = await listen({ port, host: '127.0.0.1' });
    const { next, events, unsubscribe } = await subscribe({ topics: ['port'], filter: { ports: [port] }, intervalMs: fastest });
    await listener[Symbol.asyncDispose]();
    await using successor = await spawnProgram(nodeProgram('listen', port, '127.0.0.1'));
    // Whether the gap was seen or not, it ends with the new owner.
    await next(0, 'a change');
    await until(
      () => summarizeEvent(events().at(-1) as WireMessage).entries.join() === `tcp 127.0.0.1 by ${successor.pid}`,
      'the successor',
    );
    await unsubscribe();
  });
});

onLinux(describe)('topic process', () => {
  test('exec, stop, continue and the end of one process', async () => {
    await using target = await spawnProgram(['sh', '-c', 'echo ready; read go; exec cat']);
    const { snapshot, next, events, unsubscribe } = await subscribe({
      topics: ['process'],
      filter: { targets: [{ pid: target.pid }] },
      intervalMs: fastest,
    });
    expect(snapshot.process).toMatchObject([{ change: 'started', process: { pid: target.pid, name: 'sh' } }]);
    target.write('go\n');
    expect((await next(0, 'exec')).params).toMatchObject({ change: 'changed', process: { pid: target.pid, name: 'cat' } });
    target.child.kill('SIGSTOP');
    expect((await next(1, 'stop')).params).toMatchObject({ change: 'changed', process: { status: 'stopped' } });
    target.child.kill('SIGCONT');
    expect((await next(2, 'continue')).params).toMatchObject({ change: 'changed', process: { status: 'sleeping' } });
    await target.kill();
    expect((await next(3, 'the end')).params).toMatchObject({ change: 'exited', process: { pid: target.pid, name: 'cat' } });
    await unsubscribe();
    expect(events()).toHaveLength(4);
  });

  test('an end is noticed at once, however long the interval', async () => {
    await using target = await spawnProgram(['sh', '-c', 'echo ready; exec cat']);
    const { next, unsubscribe } = await subscribe({
      topics: ['process'],
      filter: { targets: [{ pid: target.pid }] },
      intervalMs: 3_600_000,
    });
    await target.kill();
    expect((await next(0, 'the end')).params).toMatchObject({ change: 'exited', process: { pid: target.pid } });
    await unsubscribe();
  });

  test('many that end at once are all told, each once', async ({ skip }) => {
    needs.python(skip);
    await using family = await spawnProgram(pythonProgram('family', 40, 1));
    const pids = (JSON.parse(family.ready) as [number, number, number][]).filter(([, , depth]) => depth === 1).map(([pid]) => pid);
    const { events, unsubscribe } = await subscribe({
      topics: ['process'],
      filter: { targets: pids.map((pid) => ({ pid })) },
      intervalMs: 3_600_000,
    });
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until(() => events().length >= pids.length, 'all ends');
    const told = events().map(({ params }) => params as unknown as NotificationParams<'event/process'>);
    expect(told.map(({ change }) => change)).toEqual(pids.map(() => 'exited'));
    expect(told.map((event) => event.process.pid).sort()).toEqual([...pids].sort());
    for (const event of told) expect(event.process.commandLine, 'as it was last seen').not.toEqual([]);
    await unsubscribe();
  });

  test('to unsubscribe while ends are being looked at is no fault', async ({ skip }) => {
    needs.python(skip);
    for (let round = 0; round < 5; round += 1) {
      await using family = await spawnProgram(pythonProgram('family', 10, 1));
      const pids = (JSON.parse(family.ready) as [number, number, number][]).filter(([, , depth]) => depth === 1).map(([pid]) => pid);
      const { unsubscribe } = await subscribe({
        topics: ['process'],
        filter: { targets: pids.map((pid) => ({ pid })) },
        intervalMs: 3_600_000,
      });
      // The looks that the ends cause stand in the pool’s queue behind these.
      const looks = Array.from({ length: 20 }, () => sidecar.call('process/list', { limit: 50 }));
      for (const pid of pids) process.kill(pid, 'SIGKILL');
      await unsubscribe();
      await Promise.all(looks);
    }
    expect(await sidecar.call('sidecar/ping', { echo: 'alive' })).toMatchObject({ echo: 'alive' });
  });

  test('what is gone, or another one, is not in the snapshot and makes no events', async () => {
    const ended = await spawnProgram(['sh', '-c', 'echo ready; exec cat']);
    await ended.kill();
    await using alive = await spawnProgram(['sh', '-c', 'echo ready; exec cat']);
    const targets = [{ pid: ended.pid }, { pid: alive.pid, startedAt: 1 }, { pid: alive.pid }];
    const { snapshot, next, events, unsubscribe } = await subscribe({ topics: ['process'], filter: { targets }, intervalMs: fastest });
    expect(snapshot.process).toMatchObject([{ process: { pid: alive.pid } }]);
    await alive.kill();
    expect((await next(0, 'the end')).params).toMatchObject({ change: 'exited', process: { pid: alive.pid } });
    await unsubscribe();
    expect(events()).toHaveLength(1);
  });

  test('both topics in one subscription share its numbers', async () => {
    const port = await findFreePort();
    await using target = await spawnProgram(['sh', '-c', 'echo ready; exec cat']);
    const { snapshot, events, unsubscribe } = await subscribe({
      topics: ['process', 'port', 'port'],
      filter: { ports: [port], targets: [{ pid: target.pid }] },
      intervalMs: fastest,
    });
    expect([snapshot.port?.length, snapshot.process?.length]).toEqual([2, 1]);
    await using _listener = await listen({ port, host: '127.0.0.1' });
    await target.kill();
    await until(() => events().length === 2, 'both events');
    expect(
      events()
        .map(({ method }) => method)
        .sort(),
    ).toEqual(['event/port', 'event/process']);
    await unsubscribe();
  });
});

onLinux(describe)('subscriptions', () => {
  test('after unsubscribe nothing follows', async () => {
    const port = await findFreePort();
    const asked = { topics: ['port' as const], filter: { ports: [port] }, intervalMs: fastest };
    const [ended, kept] = [await subscribe(asked), await subscribe(asked)];
    expect(await ended.unsubscribe()).toEqual({ removed: true });
    expect(await ended.unsubscribe()).toEqual({ removed: false });
    const listener = await listen({ port, host: '127.0.0.1' });
    await kept.next(0, 'the listener, told to the other');
    await listener[Symbol.asyncDispose]();
    await kept.next(1, 'its end, told to the other');
    expect(ended.events()).toEqual([]);
    await kept.unsubscribe();
  });

  test('64 of them; one more is LimitExceeded until one has ended', async () => {
    await using own = await startSidecar();
    const params = { topics: ['port' as const], filter: { ports: [1] }, intervalMs: 3_600_000 };
    const ids = await Promise.all(Array.from({ length: 64 }, async () => (await own.call('events/subscribe', params)).subscriptionId));
    expect(new Set(ids).size).toBe(64);
    expect((await own.request('events/subscribe', params)).error).toMatchObject({
      code: 1010,
      data: { kind: 'LimitExceeded', limit: 'subscriptions', max: 64 },
    });
    await own.call('events/unsubscribe', { subscriptionId: ids[7] as string });
    expect(await own.call('events/subscribe', params)).toHaveProperty('subscriptionId');
  });

  test.each([
    ['port without ports', { topics: ['port'] }, 'filter.ports'],
    ['port with none', { topics: ['port'], filter: { ports: [] } }, 'filter.ports'],
    ['process without targets', { topics: ['process'], filter: { ports: [1] } }, 'filter.targets'],
    ['65 ports', { topics: ['port'], filter: { ports: Array.from({ length: 65 }, (_, index) => index + 1) } }, 'filter.ports'],
    ['a misspelt filter', { topics: ['port'], filter: { ports: [1], prots: [1] } }, 'filter.prots'],
    ['an interval under 250 ms', { topics: ['port'], filter: { ports: [1] }, intervalMs: 249 }, 'intervalMs'],
    ['no topics', { topics: [] }, 'topics'],
    ['an unknown topic', { topics: ['weather'] }, 'topics.0'],
  ])('%s is InvalidParams that name the member', async (_name, params, path) => {
    expect((await sidecar.request('events/subscribe', params)).error).toMatchObject({ code: -32602, data: { issues: [{ path }] } });
  });

  test('an unknown subscription is not removed, and no error', async () => {
    expect(await sidecar.call('events/unsubscribe', { subscriptionId: 's999999' })).toEqual({ removed: false });
  });
});
