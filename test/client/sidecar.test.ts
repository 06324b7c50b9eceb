import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Events } from '../../clients/typescript/generated/methods.ts';
import { isSidecarError, launchNode, Sidecar, type SidecarOptions } from '../../clients/typescript/index.ts';
import type { LocalEvents } from '../../clients/typescript/sidecar.ts';
import { onLinux } from '../harness/only.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { until } from '../harness/until.ts';

/* The TypeScript client, over a real sidecar that is killed now and then. */

let stateDir: string;
beforeAll(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'sidewarden-client-'));
});
afterAll(() => rmSync(stateDir, { recursive: true, force: true }));

const spawnSidecar = (options: Partial<SidecarOptions> = {}) => Sidecar.spawn({ appId: 'client.test', options: { stateDir }, ...options });

onLinux(describe)('a sidecar', () => {
  test('has its methods by noun, and says who holds a port', async () => {
    await using sidecar = await spawnSidecar();
    await using server = await listen({ port: 0, host: '127.0.0.1' });
    const { inUse, entries } = await sidecar.port.find({ port: server.port });
    expect(inUse).toBe(true);
    expect(entries.map(({ owners }) => owners.map(({ pid }) => pid))).toEqual([[process.pid]]);
    await expect(sidecar.sidecar.ping()).resolves.toMatchObject({ at: expect.any(Number) });
    await expect(sidecar.call('port/check', { port: server.port })).resolves.toMatchObject({ inUse: true });
    expect(Object.keys(await sidecar.rpc.discover())).toContain('openrpc');
  });

  test('rejects with an error whose data is typed by its kind', async () => {
    await using sidecar = await spawnSidecar();
    const error = await sidecar.port.find({ port: 0 }).catch((thrown: unknown) => thrown);
    if (!isSidecarError(error, 'InvalidParams')) throw error;
    expect(error.data.issues[0]?.path).toBe('port');
    expect(error.code).toBe(-32602);
  });

  test('takes 1,000 calls at once, and none of them is Overloaded', async () => {
    await using sidecar = await spawnSidecar();
    const port = await findFreePort();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => sidecar.port.check({ port })));
    expect(answers.filter(({ inUse }) => !inUse)).toHaveLength(1_000);
  });

  test('answers what is asked while 300 waits are open, and takes a waiting one back unsent', async () => {
    await using sidecar = await spawnSidecar();
    const port = await findFreePort();
    const open = Array.from({ length: 256 }, () => sidecar.port.wait({ port, state: 'listening', timeoutMs: 60_000 }));
    const cancelling = new AbortController();
    const queued = sidecar.port.wait({ port, state: 'listening', timeoutMs: 60_000 }, { signal: cancelling.signal });
    await sidecar.port.check({ port });
    cancelling.abort();
    await expect(queued).rejects.toMatchObject({ kind: 'RequestCancelled', message: 'port/wait was cancelled before it was sent.' });
    await using _server = await listen({ port, host: '127.0.0.1' });
    await Promise.all(open);
  });

  test('cancels at the sidecar what is not answered in time', async () => {
    await using sidecar = await spawnSidecar();
    const port = await findFreePort();
    const wait = () => sidecar.port.wait({ port, state: 'listening', timeoutMs: 60_000 }, { timeoutMs: 50 });
    // More than the sidecar lets wait at a time: the ones that were given up are no longer among them.
    for (let round = 0; round < 3; round += 1) {
      const waits = await Promise.allSettled(Array.from({ length: 200 }, wait));
      for (const one of waits) expect(one).toMatchObject({ status: 'rejected', reason: { kind: 'TimedOut', code: null } });
    }
  });

  test('tells the progress of a call to that call alone', async () => {
    await using sidecar = await spawnSidecar();
    await using programs = new AsyncDisposableStack();
    const started = [await spawnProgram(nodeProgram('idle')), await spawnProgram(nodeProgram('idle'))];
    for (const program of started) programs.use(program);
    const heard = await Promise.all(
      started.map(async ({ pid }) => {
        const kinds: string[] = [];
        const { outcomes } = await sidecar.process.kill(
          { target: { kind: 'process', pid } },
          { onProgress: ({ kind }) => kinds.push(kind) },
        );
        expect(outcomes).toMatchObject([{ outcome: 'exited', process: { pid } }]);
        return kinds;
      }),
    );
    for (const kinds of heard) {
      expect([kinds.at(0), kinds.at(-1)]).toEqual(['begin', 'end']);
      expect(kinds.filter((kind) => kind !== 'report')).toHaveLength(2);
    }
  });

  test('gives each listener its own events, in order, until it ends', async () => {
    await using sidecar = await spawnSidecar();
    const [port, other] = [await findFreePort(), await findFreePort()];
    const events: Events['port'][] = [];
    const others: Events['port'][] = [];
    await using subscription = sidecar.on('port', (event) => events.push(event), { filter: { ports: [port] }, intervalMs: 250 });
    await using _ = sidecar.on('port', (event) => others.push(event), { filter: { ports: [other] }, intervalMs: 250 });
    await subscription.ready;
    const server = await listen({ port, host: '127.0.0.1' });
    await until(() => events.some(({ entries }) => entries.length === 1), 'the event of a listener');
    await server[Symbol.asyncDispose]();
    await until(() => events.at(-1)?.entries.length === 0, 'the event of its end');
    expect(events.map(({ seq }) => seq)).toEqual(events.map((__, index) => index + 1));
    expect(others).toEqual([]);
  });

  test('says so when it will not be subscribed to', async () => {
    await using sidecar = await spawnSidecar();
    await expect(sidecar.on('port', () => {}).ready).rejects.toMatchObject({ kind: 'InvalidParams' });
  });

  test('may be closed twice, and then answers nothing', async () => {
    const sidecar = await spawnSidecar();
    const [first, second] = await Promise.all([sidecar.close({ reason: 'test' }), sidecar.close()]);
    expect(first).toMatchObject({ ok: true, reason: 'test' });
    expect(second).toBe(first);
    await expect(sidecar.sidecar.ping()).rejects.toMatchObject({ kind: 'Disconnected' });
  });
});

onLinux(describe)('a sidecar that dies', () => {
  test('is started anew: what was under way fails and is not repeated, the rest goes on', async () => {
    await using sidecar = await spawnSidecar();
    const { pid } = sidecar;
    const port = await findFreePort();
    const events: Events['port'][] = [];
    const snapshots: unknown[] = [];
    const onSnapshot = (snapshot: unknown) => snapshots.push(snapshot);
    await sidecar.on('port', (event) => events.push(event), { filter: { ports: [port] }, intervalMs: 250, onSnapshot }).ready;
    await sidecar.port.register({ port, name: 'backend' });
    const { leases } = await sidecar.port.allocate({ count: 1 });
    const restarted: LocalEvents['restarted'][] = [];
    sidecar.on('restarted', (event) => restarted.push(event));

    const underWay = sidecar.port.wait({ port, state: 'listening', timeoutMs: 60_000 });
    await sidecar.sidecar.ping();
    process.kill(pid, 'SIGKILL');
    await expect(underWay).rejects.toMatchObject({ kind: 'Disconnected', message: expect.stringContaining('SIGKILL') });
    // Asked while there is none: it waits for the next.
    await expect(sidecar.port.registered()).resolves.toMatchObject({ ports: [{ port, name: 'backend' }] });

    expect(sidecar.pid).not.toBe(pid);
    expect(restarted).toMatchObject([
      { error: { kind: 'Disconnected' }, lost: [{ what: 'lease', name: String(leases[0]?.port), error: { kind: 'NotFound' } }] },
    ]);
    await using _server = await listen({ port, host: '127.0.0.1' });
    await until(() => events.some(({ entries }) => entries.length === 1), 'an event of the new sidecar');
    expect(new Set(events.map(({ subscriptionId }) => subscriptionId)).size).toBe(1);
    expect(snapshots).toHaveLength(2);
  });

  test('is given up when it dies too often, and every call says so', async () => {
    await using sidecar = await spawnSidecar({ restarts: { most: 2, withinMs: 60_000 } });
    const ended: LocalEvents['ended'][] = [];
    let restarts = 0;
    sidecar.on('ended', (event) => ended.push(event));
    sidecar.on('restarted', () => {
      restarts += 1;
    });
    for (let death = 1; death <= 2; death += 1) {
      process.kill(sidecar.pid, 'SIGKILL');
      await until(() => restarts === death, `restart ${death}`);
    }
    process.kill(sidecar.pid, 'SIGKILL');
    await until(() => ended.length > 0, 'its end');
    const message = expect.stringMatching(/It was restarted 2 times within 60 s and is not restarted again/);
    expect(ended).toMatchObject([{ error: { kind: 'Disconnected', message } }]);
    await expect(sidecar.sidecar.ping()).rejects.toMatchObject({ kind: 'Disconnected', message });
  });

  test('is not started anew after an orderly end, nor when it is not to be', async () => {
    await using terminated = await spawnSidecar();
    await using mortal = await spawnSidecar({ restarts: false });
    const ended: string[] = [];
    terminated.on('ended', ({ error }) => ended.push(error.message));
    mortal.on('ended', ({ error }) => ended.push(error.message));
    process.kill(terminated.pid, 'SIGTERM');
    await until(() => ended.length === 1, 'its orderly end');
    process.kill(mortal.pid, 'SIGKILL');
    await until(() => ended.length === 2, 'its death');
    expect(ended).toEqual([
      // Nobody could receive its report, so that is in its last words.
      expect.stringMatching(/^The sidecar has ended \(exit code 0\)\. .*That was an orderly end, so it is not restarted\.$/s),
      'The sidecar has ended (SIGKILL). It is not to be restarted.',
    ]);
  });

  test('and cannot be started again is given up as well', async () => {
    let starts = 0;
    const launch = () => {
      starts += 1;
      return launchNode(starts === 1 ? {} : { node: '/no/such/node' })();
    };
    await using sidecar = await spawnSidecar({ launch, restarts: { most: 3, withinMs: 60_000 } });
    process.kill(sidecar.pid, 'SIGKILL');
    await until(() => starts === 2, 'a restart');
    await expect(sidecar.sidecar.ping()).rejects.toMatchObject({
      kind: 'Disconnected',
      message: expect.stringMatching(/could not be started: spawn \/no\/such\/node ENOENT\. It was restarted 3 times within 60 s/),
    });
    expect(starts).toBe(4);
  });

  test('while it is closed stays dead', async () => {
    const sidecar = await spawnSidecar();
    process.kill(sidecar.pid, 'SIGKILL');
    await sidecar.close();
    await expect(sidecar.sidecar.ping()).rejects.toMatchObject({ kind: 'Disconnected' });
  });
});
