import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFrameReader } from '../../clients/typescript/framing.ts';
import { type Launch, type Lost, launchNode, Sidecar, type SidecarOptions } from '../../clients/typescript/index.ts';
import { launchCommand } from '../../clients/typescript/launch/command.ts';
import { afterDeath, defaultRestarts } from '../../clients/typescript/restart.ts';
import { makeUserLock } from '../harness/instances.ts';
import { onLinux } from '../harness/only.ts';
import { findFreePort } from '../harness/ports.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

/* What the TypeScript client does when its sidecar ends: with real ones, that are killed, or end for reasons of their own. */

let stateDir: string;
beforeAll(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'sidewarden-restart-'));
});
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

const appId = (name: string) => `restart.test.${name}.${process.pid}`;
const spawnSidecar = (name: string, options: Partial<SidecarOptions> = {}) =>
  Sidecar.spawn({ appId: appId(name), options: { stateDir }, ...options });

describe('whether a dead sidecar is started anew', () => {
  const killed = { sentence: 'It was killed.', code: null };
  const alive = { isWanted: true, restarts: defaultRestarts, now: 1_000_000 };
  const ago = (...ms: number[]) => ms.map((one) => alive.now - one);

  test.each([
    [[], 0],
    [ago(100), 100],
    [ago(300, 100), 200],
    [ago(3, 2, 1), 400],
    [ago(4, 3, 2, 1), 800],
    // The oldest of five was longer ago than 180 s.
    [ago(180_000, 4, 3, 2, 1), 800],
  ])('after restarts at %j it is, behind %i ms', (restartedAt, afterMs) => {
    expect(afterDeath(killed, { ...alive, restartedAt })).toEqual({ kind: 'restart', afterMs });
  });

  test('five times within 180 s, and not a sixth time', () => {
    expect(afterDeath(killed, { ...alive, restartedAt: ago(179_999, 4, 3, 2, 1) })).toEqual({
      kind: 'over',
      sentence: 'It was killed. It was restarted 5 times within 180 s and is not restarted again: see why it ends, then spawn a new one.',
    });
  });

  test.each([0, 3])('never after exit code %i, nor when it was asked to end', (code) => {
    expect(afterDeath({ ...killed, code }, { ...alive, restartedAt: [] })).toMatchObject({ kind: 'over' });
    expect(afterDeath({ ...killed, code: 1 }, { ...alive, isWanted: false, restartedAt: [] })).toMatchObject({ kind: 'over' });
    expect(afterDeath({ ...killed, code: 1 }, { ...alive, restartedAt: [] })).toMatchObject({ kind: 'restart' });
  });
});

onLinux(describe)('a real sidecar', { timeout: 120_000 }, () => {
  test('is told all again, in this order and whatever the order was at first; ids and handlers stay', async () => {
    await using _ = await makeUserLock(appId('order'), appId('order'));
    const starts: string[][] = [];
    const lost: Lost[][] = [];
    const ran: string[] = [];
    await using sidecar = await spawnSidecar('order', { launch: recording(starts) });
    sidecar.on('restarted', (restarted) => lost.push(restarted.lost));
    const spec = { name: 'first', command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'] };
    await sidecar.service.apply({ services: [spec] });
    await sidecar.service.apply({ services: [{ ...spec, name: 'last' }], prune: true });
    const subscription = sidecar.on('service', () => {});
    await subscription.ready;
    await sidecar.onShutdown('first', () => ran.push('first')).ready;
    const gone = sidecar.onShutdown('removed', () => ran.push('removed'));
    await gone.ready;
    await gone.remove();
    await sidecar.onShutdown('second', () => ran.push('second'), { order: 1 }).ready;
    await sidecar.port.register({ port: await findFreePort(), name: 'backend' });
    await sidecar.cleanup.run({ evict: 'any' });
    const { lockId } = await sidecar.instance.acquire();

    process.kill(sidecar.pid, 'SIGKILL');
    await until(() => lost.length === 1, 'its restart', 60_000);
    expect(lost).toEqual([[]]);
    expect(starts[1]).toEqual([
      'initialize',
      'initialized',
      'instance/acquire',
      'cleanup/run',
      'port/register',
      'shutdown/addHandler first',
      'shutdown/addHandler second',
      'events/subscribe',
      'service/apply last',
    ]);
    // What they are called by the host is what the host was told.
    await subscription.end();
    expect(await sidecar.instance.release({ lockId: lockId as string })).toEqual({ released: true });
    const isRunning = async () => (await sidecar.service.get({ name: 'last' })).service?.state === 'running';
    await until(isRunning, 'the service of the new one', 60_000);
    expect(await sidecar.close()).toMatchObject({ ok: true });
    expect(ran).toEqual(['first', 'second']);
  });

  test('follows one that broke the protocol: what is asked again at once waits for it', async () => {
    const broken = `const answer = (text) => process.stdout.write('Content-Length: ' + text.length + '\\r\\n\\r\\n' + text);
      answer('{"jsonrpc":"2.0","id":1,"result":{}}');
      process.stdin.on('data', (chunk) => String(chunk).includes('port/check') && process.stdout.write('Segmentation fault\\n'));`;
    let starts = 0;
    const launch: Launch = () => {
      starts += 1;
      return starts === 1 ? launchCommand({ command: process.execPath, args: ['-e', broken] })() : launchNode()();
    };
    await using sidecar = await spawnSidecar('broken', { launch });
    const port = await findFreePort();
    const failed = sidecar.port.check({ port });
    const again = failed.catch((error: Error) => {
      expect(error.message).toMatch(/^The sidecar wrote something that is no message: "Segmentation fault/);
      return sidecar.port.check({ port });
    });
    expect(await again).toMatchObject({ inUse: false });
    expect(starts).toBe(2);
  });

  test('that has run its shutdown stays ended', async () => {
    await using sidecar = await spawnSidecar('run');
    expect(await sidecar.shutdown.run({ reason: 'test' })).toMatchObject({ ok: true });
    await until(() => !isAlive(sidecar.pid), 'its end', 60_000);
    await until(
      async () => (await sidecar.sidecar.ping().catch((error: Error) => error.message)).toString().includes('It was asked to end.'),
      'the word of its end',
      60_000,
    );
  });

  test('that was told to keep running, or whose shutdown was refused, is started anew when it dies', async () => {
    await using sidecar = await spawnSidecar('keep');
    let restarts = 0;
    sidecar.on('restarted', () => {
      restarts += 1;
    });
    await expect(sidecar.shutdown.run({ reason: 'test', deadlineMs: -1 })).rejects.toMatchObject({ kind: 'InvalidParams' });
    expect(await sidecar.shutdown.run({ reason: 'test', keepRunning: true })).toMatchObject({ ok: true });
    process.kill(sidecar.pid, 'SIGKILL');
    await until(() => restarts === 1, 'its restart', 60_000);
  });

  test('whose critical handler failed has exit code 3, and stays ended', async () => {
    await using sidecar = await spawnSidecar('critical');
    const ended: string[] = [];
    sidecar.on('ended', ({ error }) => ended.push(error.message));
    const fails = () => {
      throw new Error('the disk is full');
    };
    await sidecar.onShutdown('save', fails, { critical: true }).ready;
    process.kill(sidecar.pid, 'SIGTERM');
    await until(() => ended.length === 1, 'its end', 60_000);
    expect(ended[0]).toMatch(/^The sidecar has ended \(exit code 3\)\..*That was an orderly end, so it is not restarted\.$/s);
  });
});

/** Notes what each sidecar is sent, by method; with the name of what it is about, where there is one. */
function recording(starts: string[][]): Launch {
  return async () => {
    const launched = await launchNode()();
    const methods: string[] = [];
    starts.push(methods);
    const read = createFrameReader((message) => {
      const { method, params } = message as { method?: string; params?: { name?: string; services?: [{ name: string }] } };
      const name = method === 'shutdown/addHandler' ? params?.name : params?.services?.[0].name;
      if (method !== undefined) methods.push(name === undefined ? method : `${method} ${name}`);
    });
    const input = new PassThrough();
    input.on('data', (chunk: Buffer) => read(chunk));
    input.pipe(launched.input);
    return { ...launched, input };
  };
}
