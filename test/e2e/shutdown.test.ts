import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Params } from '../../src/protocol/methods/index.ts';
import { type HostCallAnswers, type StartOptions, startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive, untilQuiet } from '../harness/watching.ts';

const withHandlers = { capabilities: { shutdownHandlers: true } };

const down = { jsonrpc: '2.0', id: 'down', method: 'shutdown', params: {} };

/** A sidecar whose host answers each handler by its name, and notes that it was asked. */
async function startHost(answers: Record<string, () => null | undefined | Promise<null>> = {}, options: StartOptions = {}) {
  const ran: string[] = [];
  const hostCalls: HostCallAnswers = {
    'host/runShutdownHandler'({ name }) {
      ran.push(name);
      const answer = answers[name];
      return answer === undefined ? null : answer();
    },
  };
  const sidecar = await startSidecar({ hostCalls, initialize: withHandlers, ...options });
  const add = async (params: Params<'shutdown/addHandler'>) => (await sidecar.call('shutdown/addHandler', params)).handlerId;
  return { sidecar, ran, add };
}

const statuses = (steps: { kind: string; name: string; status: string }[]) =>
  steps.map(({ kind, name, status }) => `${kind} ${name} ${status}`);

describe('handlers', () => {
  test('run by their order, those of one order together, and then the rest of the shutdown', async () => {
    const both: string[] = [];
    const meet = async () => {
      both.push('here');
      await until(() => both.length === 2, 'the other of the same order');
      return null;
    };
    const { sidecar, ran, add } = await startHost({ b1: meet, b2: meet });
    await using _ = sidecar;
    await add({ name: 'c', order: 7 });
    await add({ name: 'b1' });
    await add({ name: 'b2' });
    await add({ name: 'a', order: -1 });
    const removed = await add({ name: 'never' });
    expect(await sidecar.call('shutdown/removeHandler', { handlerId: removed })).toEqual({ removed: true });
    expect(await sidecar.call('shutdown/removeHandler', { handlerId: removed })).toEqual({ removed: false });

    const report = await sidecar.call('shutdown', { reason: 'quit' });
    expect(ran).toEqual(['a', 'b1', 'b2', 'c']);
    expect(report).toMatchObject({ ok: true, reason: 'quit' });
    expect(statuses(report.steps)).toEqual([
      'handler a done',
      'handler b1 done',
      'handler b2 done',
      'handler c done',
      'lease ports done',
      'log log done',
    ]);
    expect(sidecar.hostCalls('host/runShutdownHandler')[0]).toMatchObject({ name: 'a', reason: 'quit', remainingMs: 5_000 });
  });

  test('a failure and a hang are recorded, the rest goes on; critical makes it the exit code 3', async () => {
    const { sidecar, ran, add } = await startHost({
      broken: () => {
        throw new Error('the disk is full');
      },
      hung: () => undefined,
    });
    await using _ = sidecar;
    await add({ name: 'broken' });
    await add({ name: 'hung', timeoutMs: 100, critical: true });
    await add({ name: 'last', order: 1 });
    const report = await sidecar.call('shutdown/run', { reason: 'quit' });
    expect(ran).toEqual(['broken', 'hung', 'last']);
    expect(report.ok).toBe(false);
    expect(report.steps.slice(0, 3)).toMatchObject([
      { name: 'broken', status: 'failed', error: 'the disk is full' },
      { name: 'hung', status: 'timeout' },
      { name: 'last', status: 'done' },
    ]);
    await sidecar.message(({ method }) => method === '$/cancelRequest', 'the host to be told');
    expect((await sidecar.request('sidecar/ping')).error).toMatchObject({ data: { reason: 'afterShutdown' } });
    sidecar.send({ jsonrpc: '2.0', method: 'exit' });
    expect(await sidecar.exited).toEqual({ code: 3, signal: null });
  });
});

describe('what the host is told', () => {
  test('event/shutdown tells phases and steps, $/progress the same in words', async () => {
    const { sidecar, add } = await startHost();
    await using _ = sidecar;
    await sidecar.call('events/subscribe', { topics: ['shutdown'] });
    await add({ name: 'flush' });
    await sidecar.call('service/start', { spec: { name: 'api', command: 'sleep', args: ['60'] } });
    await sidecar.call('shutdown/run', { reason: 'quit', workDoneToken: 'tok' });
    const told = sidecar.events('event/shutdown').map(({ params }) => params as { seq: number; phase: string; step?: { name: string } });
    expect(told.map(({ phase, step }) => (step ? `${phase} ${step.name}` : phase))).toEqual([
      'handlers',
      'handlers flush',
      'services',
      'services api',
      'holdings',
      'holdings ports',
      'log',
      'log log',
      'done',
    ]);
    expect(told.map(({ seq }) => seq)).toEqual(told.map((__, index) => index + 1));
    const progress = sidecar.events('$/progress').map(({ params }) => params?.value as { kind: string; message?: string });
    expect(progress.map(({ kind, message }) => message ?? kind)).toEqual(
      expect.arrayContaining(['begin', 'handlers', 'handler flush: done', 'service api: done', 'end']),
    );
  });

  test('without the capability nobody is asked, and the step is unavailable', async () => {
    const { sidecar, ran, add } = await startHost({}, { initialize: true });
    await using _ = sidecar;
    await add({ name: 'flush' });
    const report = await sidecar.call('shutdown', {});
    expect(report.steps[0]).toMatchObject({ kind: 'handler', status: 'unavailable', error: expect.stringContaining('shutdownHandlers') });
    expect([ran, report.ok]).toEqual([[], true]);
  });

  test('one handler more than the limit is refused', async () => {
    const { sidecar, add } = await startHost();
    await using _ = sidecar;
    for (let count = 0; count < 128; count += 1) await add({ name: `h${count}` });
    expect((await sidecar.request('shutdown/addHandler', { name: 'one more' })).error).toMatchObject({
      code: 1010,
      data: { limit: 'handlers', max: 128 },
    });
  });
});

describe('while it runs', () => {
  test('handlers may look, kill and let go; what starts, allocates, registers or adds is refused', async () => {
    const { sidecar, add } = await startHost({ slow: () => undefined });
    await using _ = sidecar;
    await add({ name: 'slow', timeoutMs: 60_000 });
    const { leases } = await sidecar.call('port/allocate', {});
    await sidecar.call('service/start', { spec: { name: 'api', command: 'sleep', args: ['60'] } });
    sidecar.send({ jsonrpc: '2.0', id: 'down', method: 'shutdown', params: {} });
    await until(() => sidecar.hostCalls('host/runShutdownHandler').length === 1, 'the handler to run');

    expect(await sidecar.call('sidecar/ping', {})).toHaveProperty('at');
    expect(await sidecar.call('process/get', { target: { pid: process.pid } })).toHaveProperty('process.pid', process.pid);
    expect(await sidecar.call('port/release', { leaseIds: leases.map(({ leaseId }) => leaseId) })).toHaveProperty('released');
    expect((await sidecar.call('service/stop', { name: 'api' })).services).toMatchObject([{ state: 'stopped' }]);
    for (const [method, params] of [
      ['service/start', { name: 'api' }],
      ['port/allocate', {}],
      ['port/register', { port: 15_000, name: 'x' }],
      ['shutdown/addHandler', { name: 'late' }],
    ] as const) {
      expect((await sidecar.request(method, params)).error, method).toMatchObject({ code: 1014, data: { kind: 'ShuttingDown' } });
    }
    const [call] = sidecar.messages.filter(({ method }) => method === 'host/runShutdownHandler');
    sidecar.send({ jsonrpc: '2.0', id: call?.id, result: null });
    expect((await sidecar.answerTo('down')).result).toMatchObject({ ok: true });
  });

  test('a second call joins the first, and both get the same report', async () => {
    const { sidecar, ran, add } = await startHost({ slow: () => undefined });
    await using _ = sidecar;
    await add({ name: 'slow', timeoutMs: 200 });
    sidecar.send({ jsonrpc: '2.0', id: 'a', method: 'shutdown/run', params: { reason: 'first' } });
    sidecar.send({ jsonrpc: '2.0', id: 'b', method: 'shutdown', params: { reason: 'second' } });
    const [a, b] = await Promise.all([sidecar.answerTo('a'), sidecar.answerTo('b')]);
    expect(b.result).toEqual(a.result);
    expect(a.result).toMatchObject({ reason: 'first' });
    expect(ran).toEqual(['slow']);
  });

  test('keepRunning leaves the sidecar, which starts services again and shuts down again', async () => {
    const { sidecar, ran, add } = await startHost();
    await using _ = sidecar;
    await add({ name: 'flush' });
    const spec = { name: 'api', command: 'sleep', args: ['60'] };
    await sidecar.call('service/start', { spec });
    const kept = await sidecar.call('shutdown/run', { reason: 'update', keepRunning: true });
    expect(statuses(kept.steps)).toEqual(['handler flush done', 'service api done']);
    expect((await sidecar.call('service/get', { name: 'api' })).service).toMatchObject({ state: 'stopped' });
    expect((await sidecar.call('service/start', { spec })).service).toMatchObject({ name: 'api' });
    expect((await sidecar.call('port/allocate', {})).leases).toHaveLength(1);
    const last = await sidecar.call('shutdown', {});
    expect(statuses(last.steps)).toEqual(['handler flush done', 'service api done', 'lease ports done', 'log log done']);
    expect(ran).toEqual(['flush', 'flush']);
    sidecar.send({ jsonrpc: '2.0', method: 'exit' });
    expect(await sidecar.exited).toEqual({ code: 0, signal: null });
  });

  test('services that ignore SIGTERM are killed before the deadline', async () => {
    const { sidecar } = await startHost();
    await using _ = sidecar;
    const spec = { name: 'stubborn', command: 'sh', args: ['-c', 'trap "" TERM; while :; do sleep 0.1; done'], stop: { graceMs: 60_000 } };
    const { service } = await sidecar.call('service/start', { spec });
    const report = await sidecar.call('shutdown', { deadlineMs: 2_000 });
    // It is ended in any case; a busy machine may see that too late.
    expect(report.steps[0]).toMatchObject({ kind: 'service', name: 'stubborn', status: expect.stringMatching(/^(done|timeout)$/) });
    expect(report.elapsedMs).toBeGreaterThanOrEqual(1_400);
    await until(() => !isAlive(service.process?.pid as number), 'it to end');
  });

  test('one that has no time says what was late, and leaves nothing all the same', async () => {
    const { sidecar, ran, add } = await startHost();
    await using _ = sidecar;
    await add({ name: 'flush' });
    const spec = { name: 'stubborn', command: 'sh', args: ['-c', 'trap "" TERM; while :; do sleep 0.1; done'], stop: { graceMs: 60_000 } };
    const { service } = await sidecar.call('service/start', { spec });
    const report = await sidecar.call('shutdown', { deadlineMs: 0 });
    expect([ran, report.ok, ...report.steps.slice(0, 2)]).toMatchObject([
      [],
      false,
      { name: 'flush', status: 'skipped' },
      { name: 'stubborn', status: 'timeout' },
    ]);
    sidecar.send({ jsonrpc: '2.0', method: 'exit' });
    expect(await sidecar.exited).toEqual({ code: 0, signal: null });
    await until(() => !isAlive(service.process?.pid as number), 'it to end');
  });

  test('a second SIGTERM skips the grace', async () => {
    const { sidecar } = await startHost();
    await using _ = sidecar;
    await sidecar.call('events/subscribe', { topics: ['shutdown'] });
    const spec = { name: 'stubborn', command: 'sh', args: ['-c', 'trap "" TERM; while :; do sleep 0.1; done'], stop: { graceMs: 12_000 } };
    await sidecar.call('service/start', { spec });
    sidecar.child.kill('SIGTERM');
    await until(() => sidecar.events('event/shutdown').some(({ params }) => params?.phase === 'services'), 'the services’ turn');
    const began = performance.now();
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

describe('every way to the end runs what can be run and tells the report', () => {
  const fault = fileURLToPath(new URL('../fixtures/programs/throwLater.mjs', import.meta.url));
  type Way = [name: string, go: (sidecar: TestSidecar) => void, code: number, reason: string, handler: string, options?: StartOptions];
  const ways: Way[] = [
    ['SIGTERM', ({ child }) => child.kill('SIGTERM'), 0, 'SIGTERM', 'done'],
    ['exit', (sidecar) => sidecar.send({ jsonrpc: '2.0', method: 'exit' }), 1, 'exit', 'done'],
    ['the end of input', ({ stdin }) => stdin.end(), 1, 'endOfInput', 'unavailable'],
    ['the end of input, in NDJSON', ({ stdin }) => stdin.end(), 0, 'endOfInput', 'unavailable', { framing: 'ndjson' }],
    ['unreadable framing', (sidecar) => sidecar.sendBytes('Content-Length: -1\r\n\r\n'), 1, 'broken', 'unavailable'],
    ['a host that reads no more', (sidecar) => breakOutput(sidecar), 1, 'outputLost', 'unavailable'],
    [
      'an uncaught exception',
      ({ child }) => child.kill('SIGUSR2'),
      5,
      'uncaughtException',
      'done',
      { env: { NODE_OPTIONS: `--import=${fault}` } },
    ],
  ];

  test.each(ways)('%s', async (_, go, code, reason, status, options = {}) => {
    const { sidecar, add } = await startHost({}, options);
    await using __ = sidecar;
    await add({ name: 'flush' });
    await sidecar.call('service/start', { spec: { name: 'api', command: 'sleep', args: ['60'] } });
    sidecar.send({ jsonrpc: '2.0', id: 'wait', method: 'process/wait', params: { target: { pid: process.pid }, timeoutMs: 60_000 } });
    await sidecar.call('sidecar/ping', {});
    go(sidecar);
    expect(await sidecar.exited).toEqual({ code, signal: null });
    const { report } = JSON.parse(sidecar.stderr().trim().split('\n').at(-1) as string);
    expect(report).toMatchObject({ ok: true, reason: expect.stringContaining(reason) });
    expect(statuses(report.steps)).toEqual([`handler flush ${status}`, 'service api done', 'lease ports done', 'log log done']);
    if (reason !== 'outputLost') expect(sidecar.messages.find(({ id }) => id === 'wait')?.error).toMatchObject({ code: -32800 });
  });

  test.each<[string, (sidecar: TestSidecar) => void, number]>([
    ['SIGTERM', ({ child }) => child.kill('SIGTERM'), 3],
    ['the end of input', ({ stdin }) => stdin.end(), 3],
    ['an uncaught exception', ({ child }) => child.kill('SIGUSR2'), 5],
  ])('a critical handler that fails, and %s', async (_, go, code) => {
    const broken = () => {
      throw new Error('no');
    };
    const { sidecar, add } = await startHost({ broken }, { env: { NODE_OPTIONS: `--import=${fault}` } });
    await using __ = sidecar;
    await add({ name: 'broken', critical: true });
    go(sidecar);
    expect(await sidecar.exited).toEqual({ code, signal: null });
  });

  test('an answered shutdown ends with 0 whatever follows', async () => {
    for (const go of [
      ({ stdin }: TestSidecar) => stdin.end(),
      ({ child }: TestSidecar) => child.kill('SIGTERM'),
      (sidecar: TestSidecar) => sidecar.sendBytes('Content-Length: -1\r\n\r\n'),
    ]) {
      const { sidecar } = await startHost();
      await using _ = sidecar;
      await sidecar.call('shutdown/run', { reason: 'quit' });
      go(sidecar);
      expect(await sidecar.exited).toEqual({ code: 0, signal: null });
    }
  });
});

describe('nothing that was asked or said is lost at the end', () => {
  const look = (id: string) => ({ jsonrpc: '2.0', id, method: 'process/list', params: { limit: 50 } });
  const wait = { jsonrpc: '2.0', id: 'wait', method: 'process/wait', params: { target: { pid: process.pid }, timeoutMs: 60_000 } };
  const exit = { jsonrpc: '2.0', method: 'exit' };

  test.each<[string, (sidecar: TestSidecar) => void, number]>([
    ['the end of input', ({ stdin }) => stdin.end(), 1],
    ['exit', (sidecar) => sidecar.send(exit), 1],
    ['SIGTERM', ({ child }) => child.kill('SIGTERM'), 0],
    ['shutdown and exit', (sidecar) => sidecar.sendBytes(Buffer.concat([down, exit].map(sidecar.frame))), 0],
  ])('%s: each request in flight has one answer', async (_, go, code) => {
    const { sidecar } = await startHost();
    await using __ = sidecar;
    const ids = Array.from({ length: 30 }, (___, index) => `look ${index}`);
    sidecar.sendBytes(Buffer.concat([...ids.map(look), wait].map(sidecar.frame)));
    // Answered at once: by then all that was sent before it has arrived.
    await sidecar.call('sidecar/ping', {});
    go(sidecar);
    expect(await sidecar.exited).toEqual({ code, signal: null });
    const answered = sidecar.messages.map(({ id }) => id).filter((id) => id === 'wait' || ids.includes(String(id)));
    expect(answered.toSorted()).toEqual([...ids, 'wait'].toSorted());
  });

  test('a host that reads late still gets all of it', async () => {
    const { sidecar } = await startHost();
    await using _ = sidecar;
    sidecar.stdout.pause();
    const echo = 'x'.repeat(200_000);
    for (let id = 0; id < 10; id += 1) sidecar.send({ jsonrpc: '2.0', id, method: 'sidecar/ping', params: { echo } });
    sidecar.sendBytes(Buffer.concat([down, exit].map(sidecar.frame)));
    // More than a pipe holds, so that most of it is still with the sidecar when it wants to end.
    await untilQuiet(sidecar.pid);
    sidecar.stdout.resume();
    expect(await sidecar.exited).toEqual({ code: 0, signal: null });
    for (let id = 0; id < 10; id += 1) expect(sidecar.messages.find((message) => message.id === id)?.result).toMatchObject({ echo });
    expect(sidecar.messages.at(-1)).toMatchObject({ id: 'down', result: { ok: true } });
  });
});

function breakOutput(sidecar: TestSidecar): void {
  sidecar.stdout.destroy();
  sidecar.send({ jsonrpc: '2.0', id: 'lost', method: 'sidecar/ping' });
}
