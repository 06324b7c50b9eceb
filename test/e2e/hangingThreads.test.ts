import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'vitest';
import { makeDirectory } from '../harness/directory.ts';
import { onLinux } from '../harness/only.ts';
import { hasNative, helloParams, type StartOptions, startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';
import { listCarriers } from '../setup/survivors.ts';

/* Threads that hang in the kernel, as they do on a file of a server that is gone. */

const fault = fileURLToPath(new URL('../fixtures/programs/hangThreads.mjs', import.meta.url));

async function startHanging(where: 'workers' | 'libuv', options: StartOptions = {}) {
  const directory = await makeDirectory();
  const fifo = directory.at('fifo');
  spawnSync('mkfifo', [fifo]);
  const sidecar = await startSidecar({ ...options, env: { NODE_OPTIONS: `--import=${fault}`, HANG: where, HANG_FIFO: fifo } });
  const exited = sidecar.exited.finally(() => directory[Symbol.asyncDispose]());
  return Object.assign(sidecar, { exited });
}

onLinux(describe)('while every thread of the pool hangs', () => {
  test.concurrent('what asks none of them is answered, and counts them', async ({ expect }) => {
    await using sidecar = await startHanging('workers');
    await sidecar.call('port/register', { port: 15_321, name: 'backend' });
    for (let index = 0; index < 10; index += 1) sidecar.send({ jsonrpc: '2.0', id: `look ${index}`, method: 'process/list' });
    expect(await sidecar.call('sidecar/ping', { echo: 1 })).toMatchObject({ echo: 1 });
    const { pool, ports } = await sidecar.call('sidecar/status', {});
    expect(pool.threads).toBeGreaterThan(0);
    expect(pool.threads + pool.queued).toBeGreaterThanOrEqual(10);
    expect(ports).toMatchObject([{ name: 'backend', inUse: null, checkedAt: null }]);
    // The look that this status began hangs as well, and the next one waits for it no more than the first.
    expect((await sidecar.call('sidecar/status', {})).ports).toMatchObject([{ inUse: null }]);
    expect((await sidecar.call('service/list', {})).services).toEqual([]);
    expect(sidecar.messages.filter(({ id }) => String(id).startsWith('look'))).toEqual([]);
  });

  test.concurrent('a host that dies is followed, by the services as well', { timeout: 90_000 }, async ({ expect }) => {
    const host = ['sh', '-c', '"$@" & wait', 'host'];
    await using sidecar = await startHanging('workers', { carrier: 'pipe', under: host, initialize: false });
    const { serverInfo } = await sidecar.call('initialize', { ...helloParams, processId: sidecar.pid });
    const mark = randomUUID();
    const spec = { name: 'api', command: 'sh', args: ['-c', 'setsid sleep 600 & sleep 600'], env: { HANGING_MARK: mark } };
    await sidecar.call('service/start', { spec, waitFor: 'none' });
    const listServices = () => listCarriers('HANGING_MARK', mark);
    await until(() => listServices().length === 3, 'the service and its children to run', 30_000);
    sidecar.child.kill('SIGKILL');
    await until(() => !isAlive(serverInfo.pid), 'the sidecar to end', 30_000);
    await until(() => listServices().length === 0, 'the service to end', 30_000);
    expect(listServices()).toEqual([]);
  });
});

onLinux(describe)('the sidecar ends though threads hang', () => {
  test.concurrent.for(['workers', 'libuv'] as const)('%s', async (where, { expect }) => {
    await using sidecar = await startHanging(where);
    sidecar.send({ jsonrpc: '2.0', id: 'look', method: 'process/list' });
    if (where === 'libuv') await sidecar.answerTo('look');
    await sidecar.call('shutdown', {});
    sidecar.send({ jsonrpc: '2.0', method: 'exit' });
    // Without native calls there is no way out that tells a code.
    expect(await sidecar.exited).toEqual(hasNative ? { code: 0, signal: null } : { code: null, signal: 'SIGKILL' });
    if (where === 'workers') expect(sidecar.messages.find(({ id }) => id === 'look')).toHaveProperty('error');
  });
});
