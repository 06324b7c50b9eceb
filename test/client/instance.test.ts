import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isSidecarError, Sidecar, type SidecarOptions } from '../../clients/typescript/index.ts';
import type { LocalEvents } from '../../clients/typescript/sidecar.ts';
import { pathLockName } from '../../src/server/instance/places.ts';
import { makeDirectory } from '../harness/directory.ts';
import { onLinux } from '../harness/only.ts';
import { until } from '../harness/until.ts';

/* The lock, through the TypeScript client and over real sidecars that are killed. */

async function makeScene() {
  const directory = await makeDirectory();
  const here = { scope: 'path' as const, path: directory.path };
  const spawn = (options: Partial<SidecarOptions> = {}) =>
    Sidecar.spawn({ appId: 'client.instance', options: { stateDir: directory.at('state') }, ...options });
  return { here, spawn, [Symbol.asyncDispose]: () => directory[Symbol.asyncDispose]() };
}

onLinux(describe)('the only instance', { timeout: 60_000 }, () => {
  test('answers the others, who are told what it replied', async () => {
    await using scene = await makeScene();
    const heard: unknown[] = [];
    await using first = await scene.spawn();
    first.onSecondInstance((second) => {
      heard.push(second);
      return { handled: true, reply: { window: heard.length } };
    });
    await using second = await scene.spawn({ clientInfo: { name: 'second' } });
    const { lockId } = await first.instance.acquire(scene.here);
    const payload = { argv: ['app', 'notes.txt'], cwd: '/home/ada' };
    expect(await second.instance.acquire({ ...scene.here, payload })).toMatchObject({
      acquired: false,
      delivered: true,
      reply: { window: 1 },
      holder: { host: { pid: process.pid }, sidecar: { pid: first.pid } },
    });
    expect(heard).toEqual([{ lockId, payload, from: { pid: process.pid, clientInfo: { name: 'second' } } }]);
    expect((await second.instance.query(scene.here)).holder?.sidecar?.pid).toBe(first.pid);
  });

  test('stays that when its sidecar is killed, by the same id', async () => {
    await using scene = await makeScene();
    const restarts: LocalEvents['restarted'][] = [];
    const heard: string[] = [];
    await using first = await scene.spawn();
    first.on('restarted', (event) => restarts.push(event));
    first.onSecondInstance(({ lockId }) => {
      heard.push(lockId);
      return { handled: true };
    });
    // So that the ids of the next sidecar are others: it is told of the second lock only.
    const { lockId: released } = await first.instance.acquire({ ...scene.here, name: 'released' });
    const { lockId } = await first.instance.acquire({ ...scene.here, payload: { data: 1 } });
    await first.instance.release({ lockId: released as string });
    process.kill(first.pid, 'SIGKILL');
    await until(() => restarts.length > 0, 'the restart', 25_000);
    expect(restarts[0]?.lost).toEqual([]);

    await using second = await scene.spawn();
    expect(await second.instance.acquire({ ...scene.here, payload: {} })).toMatchObject({ acquired: false, delivered: true });
    expect(heard).toEqual([lockId]);
    expect(await first.instance.release({ lockId: lockId as string })).toEqual({ released: true });
    expect(await second.instance.acquire(scene.here)).toMatchObject({ acquired: true });
  });

  test('that lost its lock and took it anew is not told of a loss when its sidecar is killed', async () => {
    await using scene = await makeScene();
    const restarts: LocalEvents['restarted'][] = [];
    await using first = await scene.spawn();
    first.on('restarted', (event) => restarts.push(event));
    await first.instance.acquire(scene.here);
    const lockFile = join(scene.here.path, pathLockName({ appId: 'client.instance', name: 'client.instance' }));
    await rename(lockFile, `${lockFile}.away`);
    expect(await first.instance.acquire(scene.here)).toMatchObject({ acquired: true });
    process.kill(first.pid, 'SIGKILL');
    await until(() => restarts.length > 0, 'the restart', 25_000);
    expect(restarts[0]?.lost).toEqual([]);
  });

  test('is told that it is that no more, when another has waited for its sidecar to die', async () => {
    await using scene = await makeScene();
    const restarts: LocalEvents['restarted'][] = [];
    await using first = await scene.spawn();
    first.on('restarted', (event) => restarts.push(event));
    await using second = await scene.spawn();
    const { lockId } = await first.instance.acquire({ ...scene.here, name: 'main' });
    const waiting = second.instance.acquire({ ...scene.here, name: 'main', waitMs: 60_000 });
    await second.instance.query(scene.here);
    process.kill(first.pid, 'SIGKILL');
    expect(await waiting).toMatchObject({ acquired: true });
    await until(() => restarts.length > 0, 'the restart', 25_000);
    expect(restarts[0]?.lost).toMatchObject([{ what: 'lock', name: 'main', error: { kind: 'InstanceLost' } }]);
    const error = await first.instance.release({ lockId: lockId as string }).catch((thrown: unknown) => thrown);
    expect(isSidecarError(error, 'InstanceLost')).toBe(true);
    expect(await first.instance.acquire({ ...scene.here, name: 'main' })).toMatchObject({
      acquired: false,
      holder: { sidecar: { pid: second.pid } },
    });
  });
});
