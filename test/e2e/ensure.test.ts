import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Params } from '../../src/protocol/methods/index.ts';
import { needs, nobody } from '../harness/needs.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { holdSockets, type Program, spawnProgram } from '../harness/processes.ts';
import { hasNative, startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** An app with a state directory of its own, and its sidecars. */
async function newApp() {
  const stateDir = await mkdtemp(join(tmpdir(), 'ensure-'));
  directories.push(stateDir);
  return {
    start: (options: { uid?: number } = {}) => startSidecar({ ...options, initialize: { appId: 'ensure', options: { stateDir } } }),
  };
}

const start = async (): Promise<TestSidecar> => (await newApp()).start();
const ensure = (sidecar: TestSidecar, params: Params<'port/ensureAvailable'>) => sidecar.call('port/ensureAvailable', params);

const server = (port: number, host = '127.0.0.1', before = ''): string[] => [
  process.execPath,
  '-e',
  `${before}; require('net').createServer().listen(${port}, '${host}', () => console.log('ready'));`,
];
const isAlive = ({ child }: Program): boolean => child.exitCode === null && child.signalCode === null;

describe('port/ensureAvailable', () => {
  test('a free port is available at the first attempt, and touches nobody', async () => {
    await using sidecar = await start();
    expect(await ensure(sidecar, { port: await findFreePort() })).toEqual({ available: true, attempts: 1, outcomes: [], entries: [] });
  });

  test('evict none: nobody is touched, it tries again, and says at the end who still holds it', async () => {
    await using sidecar = await start();
    const port = await findFreePort();
    await using holder = await spawnProgram(server(port));
    const startedMs = performance.now();
    const answer = await ensure(sidecar, { port, evict: 'none', maxRetries: 2, retryDelayMs: 100 });
    expect(answer).toMatchObject({ available: false, attempts: 3, outcomes: [], entries: [{ port, owners: [{ pid: holder.pid }] }] });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(195);
    expect(isAlive(holder)).toBe(true);
  });

  test('evict none: a holder that goes by itself makes it available', async () => {
    await using sidecar = await start();
    const port = await findFreePort();
    await using holder = await spawnProgram(server(port));
    const answered = ensure(sidecar, { port, evict: 'none', maxRetries: 500, retryDelayMs: 20 });
    await holder.kill('SIGTERM');
    const answer = await answered;
    expect(answer).toMatchObject({ available: true, outcomes: [], entries: [] });
    expect(answer.attempts).toBeGreaterThan(0);
  });

  test('evict any: a stubborn holder is ended, and each rung is told before the answer', async () => {
    await using sidecar = await start();
    const port = await findFreePort();
    await using holder = await spawnProgram(server(port, '0.0.0.0', 'process.on("SIGTERM", () => {})'));
    const answer = await ensure(sidecar, { port, evict: 'any', graceMs: 200, workDoneToken: 'w' });
    expect(answer).toMatchObject({
      available: true,
      attempts: 1,
      outcomes: [{ outcome: 'killed', process: { pid: holder.pid } }],
      entries: [],
    });
    expect(isAlive(holder)).toBe(false);
    const told = sidecar.messages.map(
      ({ params }) => (params as { token?: string; value?: { kind: string; message?: string } } | undefined) ?? {},
    );
    const values = told.filter(({ token }) => token === 'w').map(({ value }) => [value?.kind, value?.message?.split(' ')[0]]);
    expect(values).toEqual([
      ['begin', undefined],
      ['report', 'SIGTERM'],
      ['report', 'SIGKILL'],
      ['end', undefined],
    ]);
    expect(sidecar.messages.at(-1)?.method).toBeUndefined();
    await using mine = await listen({ port, host: '127.0.0.1' });
    expect(mine.port).toBe(port);
  });

  test('evict any: whoever only bound it is ended as well; UDP too', async ({ skip }) => {
    needs.python(skip);
    await using sidecar = await start();
    await using bound = await holdSockets([['tcp', '127.0.0.1', await findFreePort()]]);
    await using udp = await holdSockets([['udp', '127.0.0.1', await findFreePort()]]);
    // /proc/net does not list TCP that is bound and does not listen, so nobody can be named as its holder.
    const ofBound = hasNative ? { available: true, outcomes: [{ outcome: 'exited' }] } : { available: false, outcomes: [], entries: [] };
    expect(await ensure(sidecar, { port: bound.port, evict: 'any', retryDelayMs: 10 })).toMatchObject(ofBound);
    expect(await ensure(sidecar, { port: udp.port, evict: 'any' })).toMatchObject({ available: true, outcomes: [] });
    expect(await ensure(sidecar, { port: udp.port, protocol: 'udp', evict: 'any' })).toMatchObject({
      available: true,
      outcomes: [{ outcome: 'exited' }],
    });
  });

  test('owned, which is the default: a stranger is left alone, and told apart', async () => {
    await using sidecar = await start();
    const port = await findFreePort();
    await using holder = await spawnProgram(server(port));
    const answer = await ensure(sidecar, { port, maxRetries: 1, retryDelayMs: 10 });
    expect(answer).toMatchObject({ available: false, attempts: 2, entries: [{ owners: [{ pid: holder.pid }] }] });
    expect(answer.outcomes).toMatchObject([
      { outcome: 'protected', process: { pid: holder.pid }, reason: expect.stringContaining('evict: any') },
    ]);
    expect(isAlive(holder)).toBe(true);
  });

  test('owned: what a dead sidecar of this app has left is ended', async () => {
    const app = await newApp();
    const port = await findFreePort();
    const first = await app.start();
    const [command = '', ...args] = server(port);
    await first.call('service/start', { spec: { name: 'backend', command, args } });
    await until(async () => (await first.call('port/find', { port })).inUse, 'the service to listen');
    first.child.kill('SIGKILL');
    await first.exited;
    await using second = await app.start();
    expect(await ensure(second, { port })).toMatchObject({ available: true, entries: [] });
    expect((await second.call('port/check', { port })).canBind).toBe(true);
  });

  test('any: what a live sidecar of this app supervises is protected', async () => {
    const app = await newApp();
    const port = await findFreePort();
    await using first = await app.start();
    await using second = await app.start();
    const [command = '', ...args] = server(port);
    await first.call('service/start', { spec: { name: 'backend', command, args } });
    await until(async () => (await first.call('port/find', { port })).inUse, 'the service to listen');
    for (const sidecar of [first, second]) {
      const answer = await ensure(sidecar, { port, evict: 'any', maxRetries: 0 });
      expect(answer).toMatchObject({
        available: false,
        outcomes: [{ outcome: 'protected', reason: expect.stringContaining('supervised') }],
      });
    }
    expect(await first.call('service/get', { name: 'backend' })).toMatchObject({ service: { state: 'running' } });
  });

  test('any: the host itself is protected', async () => {
    await using sidecar = await start();
    await using mine = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    const answer = await ensure(sidecar, { port: mine.port, evict: 'any', maxRetries: 0 });
    expect(answer).toMatchObject({ available: false, attempts: 1, outcomes: [{ outcome: 'protected', process: { pid: process.pid } }] });
  });

  test('a dry run touches nobody and shows whom it would end', async () => {
    await using sidecar = await start();
    const port = await findFreePort();
    await using holder = await spawnProgram(server(port));
    const dry = { port, dryRun: true, maxRetries: 5, retryDelayMs: 60_000 } as const;
    expect(await ensure(sidecar, { ...dry, evict: 'any' })).toMatchObject({
      available: false,
      attempts: 1,
      outcomes: [{ outcome: 'planned', process: { pid: holder.pid } }],
      entries: [{ owners: [{ pid: holder.pid }] }],
    });
    expect(await ensure(sidecar, { ...dry, evict: 'owned' })).toMatchObject({ outcomes: [{ outcome: 'protected' }] });
    expect(await ensure(sidecar, { ...dry, evict: 'none' })).toMatchObject({ outcomes: [] });
    expect(isAlive(holder)).toBe(true);
  });

  test('cancelled between two attempts: -32800 while nobody was touched', async () => {
    await using sidecar = await start();
    const port = await findFreePort();
    await using holder = await spawnProgram(server(port));
    sidecar.send({ jsonrpc: '2.0', id: 'e', method: 'port/ensureAvailable', params: { port, evict: 'none', retryDelayMs: 60_000 } });
    await sidecar.call('port/check', { port });
    sidecar.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 'e' } });
    expect((await sidecar.answerTo('e')).error).toMatchObject({ code: -32800 });
    expect(isAlive(holder)).toBe(true);
  });

  test('cancelled after somebody was ended: answered with the outcomes', async () => {
    await using sidecar = await start();
    await using mine = await listen({ port: await findFreePort(), host: '127.0.0.2' });
    await using holder = await spawnProgram(server(mine.port));
    sidecar.send({
      jsonrpc: '2.0',
      id: 'e',
      method: 'port/ensureAvailable',
      params: { port: mine.port, evict: 'any', retryDelayMs: 60_000 },
    });
    await until(() => !isAlive(holder), 'the other holder to be ended');
    sidecar.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 'e' } });
    const { result } = await sidecar.answerTo('e');
    expect(result).toMatchObject({ available: false, attempts: 1, entries: [{ owners: [{ pid: process.pid }] }] });
    expect((result as { outcomes: { outcome: string }[] }).outcomes.map(({ outcome }) => outcome).sort()).toEqual(['exited', 'protected']);
  });

  test('a port that this user may not bind is PermissionDenied, and its holder lives', async ({ skip }) => {
    needs.root(skip);
    await using sidecar = await (await openToAll()).start({ uid: nobody });
    const { reason } = await sidecar.call('port/check', { port: 81 });
    if (reason !== 'accessDenied') skip('no port is privileged here');
    const { error } = await sidecar.request('port/ensureAvailable', { port: 81, evict: 'any' });
    expect(error).toMatchObject({ code: 1002, data: { kind: 'PermissionDenied', operation: 'bind' } });
  });

  test.each([
    ['a misspelt guard', { evcit: 'none' }],
    ['a null', { evict: null }],
    ['an unknown policy', { evict: 'all' }],
    ['a negative delay', { retryDelayMs: -1 }],
  ])('%s is InvalidParams', async (_name, member) => {
    await using sidecar = await start();
    const { error } = await sidecar.request('port/ensureAvailable', { port: await findFreePort(), ...member });
    expect(error?.code).toBe(-32602);
  });
});

/** As another user has it: the directory itself is that user’s to make. */
async function openToAll() {
  const app = await newApp();
  for (const directory of directories) await chown(directory, nobody, nobody);
  return app;
}
