import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onLinux } from '../harness/only.ts';
import { randomFrom } from '../harness/random.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(() => sidecar?.[Symbol.asyncDispose]());

const request = (id: number | string, method: string, params: object = {}) => sidecar.frame({ jsonrpc: '2.0', id, method, params });
const cancel = (id: unknown) => sidecar.frame({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } });
const wait = (id: number | string) => request(id, 'process/wait', { target: { pid: process.pid }, timeoutMs: 60_000 });
/** Takes a pool thread a while, and says so much that nothing else does. */
const look = (id: number | string) => request(id, 'process/list', { limit: 1 });
const cancelled = { code: -32800, data: { kind: 'RequestCancelled' } };

/** Everything answered so far to these ids. */
const answersTo = (ids: (number | string)[]) => sidecar.messages.filter(({ id }) => ids.includes(id as number));

onLinux(describe)('$/cancelRequest', () => {
  test.each([
    ['process/wait', { target: { pid: process.pid }, timeoutMs: 60_000 }],
    ['port/wait', { port: 1, state: 'listening', timeoutMs: 60_000 }],
    ['process/usage', { target: { pid: process.pid }, intervalMs: 60_000 }],
    ['port/list', {}],
    ['port/find', { port: 1 }],
    ['port/explain', { port: 1 }],
    ['process/tree', { root: { pid: 1 } }],
  ])('%s that has just arrived, in the same chunk', async (method, params) => {
    const id = `same ${method}`;
    sidecar.sendBytes(Buffer.concat([request(id, method, params), cancel(id)]));
    expect((await sidecar.answerTo(id)).error).toMatchObject(cancelled);
  });

  test.each([
    ['process/wait', { target: { pid: process.pid }, timeoutMs: 60_000 }],
    ['port/wait', { port: 1, state: 'listening', timeoutMs: 60_000 }],
    ['process/usage', { target: { pid: process.pid }, intervalMs: 60_000 }],
  ])('%s that runs', async (method, params) => {
    const id = `running ${method}`;
    sidecar.sendBytes(request(id, method, params));
    // Answered behind it; by then it is under way.
    await sidecar.call('port/find', { port: 1 });
    sidecar.sendBytes(cancel(id));
    expect((await sidecar.answerTo(id)).error).toMatchObject(cancelled);
  });

  test('queued behind a busy pool: cancelled at once, and the pool works on', async () => {
    const ids = Array.from({ length: 60 }, (_, index) => `queued ${index}`);
    const [kept, given] = [ids.slice(0, 8), ids.slice(8)];
    sidecar.sendBytes(Buffer.concat([...ids.map(look), ...given.map(cancel)]));
    for (const id of given) expect((await sidecar.answerTo(id)).error).toMatchObject(cancelled);
    for (const id of kept) expect((await sidecar.answerTo(id)).result).toHaveProperty('processes');
    expect(answersTo(ids)).toHaveLength(60);
  });

  test('looks that run are let go without costing a thread', async () => {
    for (let round = 0; round < 8; round += 1) {
      const ids = Array.from({ length: 8 }, (_, index) => `let go ${round} ${index}`);
      sidecar.sendBytes(Buffer.concat(ids.map(look)));
      await sidecar.call('sidecar/ping', {});
      sidecar.sendBytes(Buffer.concat(ids.map(cancel)));
      for (const id of ids) await sidecar.answerTo(id);
      expect(answersTo(ids)).toHaveLength(8);
    }
    // All threads answer: 60 looks at once, none lost.
    const after = await Promise.all(Array.from({ length: 60 }, () => sidecar.call('port/find', { port: 1 })));
    expect(after).toHaveLength(60);
  });

  test('ids are compared with their type', async () => {
    sidecar.sendBytes(Buffer.concat([wait(7), wait('7'), cancel('7')]));
    expect((await sidecar.answerTo('7')).error).toMatchObject(cancelled);
    await sidecar.call('sidecar/ping', {});
    expect(sidecar.messages.find(({ id }) => id === 7)).toBeUndefined();
    sidecar.sendBytes(cancel(7));
    expect((await sidecar.answerTo(7)).error).toMatchObject(cancelled);
  });

  test('unknown, answered, twice and absurd: nothing happens', async () => {
    await sidecar.request('sidecar/ping', {}, 'answered');
    // That an absurd one was ignored is a warning, of which the host is told.
    const answers = () => sidecar.messages.filter(({ method }) => method !== 'window/logMessage').length;
    const before = answers();
    sidecar.sendBytes(
      Buffer.concat([
        ...['answered', 'never was', 0, -1, null, true, 1.5, {}, [7], undefined].map(cancel),
        wait('twice'),
        cancel('twice'),
        cancel('twice'),
      ]),
    );
    expect((await sidecar.answerTo('twice')).error).toMatchObject(cancelled);
    for (const params of [undefined, null, [], [7], {}]) {
      sidecar.send({ jsonrpc: '2.0', method: '$/cancelRequest', ...(params !== undefined && { params }) });
    }
    await sidecar.call('sidecar/ping', {});
    expect(answers()).toBe(before + 2);
  });

  test('as a request it is no method', async () => {
    expect((await sidecar.request('$/cancelRequest', { id: 1 })).error).toMatchObject({ code: -32601 });
  });

  test('before initialize nothing is cancelled', async () => {
    await using fresh = await startSidecar({ initialize: false });
    fresh.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 1 } });
    expect((await fresh.request('rpc.discover')).result).toHaveProperty('openrpc');
  });
});

describe('every request is answered exactly once', () => {
  test('300 mixed requests with cancels, doubles and wrong params, seeded', { timeout: 60_000 }, async () => {
    const random = randomFrom(20_260_823);
    const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)] as Value;
    const kinds: (() => [string, unknown])[] = [
      () => ['sidecar/ping', { echo: random() }],
      () => ['port/check', { port: 1 + Math.floor(random() * 65_535) }],
      () => ['port/find', { port: 1 + Math.floor(random() * 65_535) }],
      () => ['port/list', { limit: 5 }],
      () => ['process/get', { target: { pid: process.pid } }],
      () => ['process/list', { limit: 3 }],
      () => ['process/tree', { root: { pid: process.pid } }],
      () => ['process/usage', { target: { pid: process.pid }, intervalMs: 20 }],
      () => ['process/wait', { target: { pid: process.pid }, timeoutMs: Math.floor(random() * 200) }],
      () => ['port/wait', { port: 1, state: 'listening', timeoutMs: Math.floor(random() * 200) }],
      () => ['events/subscribe', { topics: ['port'] }],
      () => ['port/check', { port: 'eighty' }],
      () => ['port/check', [80]],
      () => ['no/such', {}],
    ];
    await using own = await startSidecar();
    const expected = new Map<number | string, number>();
    const messages: object[] = [];
    for (let index = 0; index < 300; index += 1) {
      const [method, params] = pick(kinds)();
      const id = random() < 0.5 ? index : `r${index}`;
      const copies = random() < 0.1 ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) messages.push({ jsonrpc: '2.0', id, method, params });
      expected.set(id, copies);
      if (random() < 0.3) messages.push({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: pick([...expected.keys()]) } });
    }
    // Chunks of any size, so that frames are cut and joined at random.
    const bytes = Buffer.concat(messages.map(own.frame));
    for (let at = 0; at < bytes.length; ) {
      const next = at + 1 + Math.floor(random() * 2_000);
      own.sendBytes(bytes.subarray(at, next));
      at = next;
    }
    for (const id of expected.keys()) await own.answerTo(id);
    // Doubles are answered later than the first of their id, at the latest with the last wait.
    await own.call('process/wait', { target: { pid: process.pid }, timeoutMs: 300 });
    const counts = Map.groupBy(
      own.messages.filter(({ id }) => expected.has(id as number)),
      ({ id }) => id as number,
    );
    for (const [id, count] of expected) expect(counts.get(id as number), `answers to ${JSON.stringify(id)}`).toHaveLength(count);
    for (const message of own.messages) expect(Object.hasOwn(message, 'result') !== Object.hasOwn(message, 'error')).toBe(true);
    expect(own.messages.some(({ error }) => error?.code === -32603)).toBe(false);
    expect(own.stderr()).not.toContain('unexpected failure');
  });
});
