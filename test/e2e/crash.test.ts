import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { killWithGuards } from '../harness/guard.ts';
import { startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

const stubborn = `trap '' TERM; (setsid sh -c 'trap "" TERM; while :; do sleep 1; done' &) ; while :; do sleep 1; done`;

describe('services, in their plainest form', () => {
  test('a service runs in a session of its own, with its cookie, and ends with all that belongs to it', async () => {
    await using sidecar = await startSidecar();
    const { service } = await sidecar.call('service/start', {
      spec: { name: 'api', command: 'sh', args: ['-c', stubborn], stop: { graceMs: 200 } },
    });
    expect(service).toMatchObject({ name: 'api', state: 'running' });
    const pid = service.process?.pid as number;
    expect(service.process).toMatchObject({ sid: pid, pgid: pid });
    const start = startOf(pid);
    expect(start).toMatch(/^[\w-]{16,}$/);
    await until(async () => (await carriers(sidecar, start)).length >= 4, 'the descendant that left the session');

    const stopped = await sidecar.call('service/stop', { name: 'api' });
    expect(stopped.services).toMatchObject([{ name: 'api', state: 'stopped', process: null }]);
    expect(await carriers(sidecar, start)).toEqual([]);
    expect((await sidecar.call('service/get', { name: 'api' })).service).toMatchObject({ state: 'stopped' });
  });

  test('what cannot be started says why', async () => {
    await using sidecar = await startSidecar();
    const missing = await sidecar.request('service/start', { spec: { name: 'a', command: '/no/such/program' } });
    expect(missing.error).toMatchObject({ code: 1008, data: { kind: 'SpawnFailed', errno: 'ENOENT' } });
    const nowhere = await sidecar.request('service/start', { spec: { name: 'b', command: 'sh', cwd: '/no/such/place' } });
    expect(nowhere.error).toMatchObject({ code: 1008, data: { kind: 'SpawnFailed', cwd: '/no/such/place' } });
    expect((await sidecar.call('service/get', { name: 'c' })).service).toBeNull();
    expect((await sidecar.request('service/stop', { name: 'c' })).error).toMatchObject({ code: 1001 });
  });

  test('the end of the sidecar is the end of its services', async () => {
    const sidecar = await startSidecar();
    const { service } = await sidecar.call('service/start', { spec: { name: 'api', command: 'sleep', args: ['300'] } });
    await sidecar.end();
    expect(isAlive(service.process?.pid as number)).toBe(false);
  });
});

test('after a crash, the next sidecar of the app ends exactly what was left', async () => {
  const stateDir = await mkdtemp(join(tmpdir(), 'sidewarden-crash-'));
  onTestFinished(() => rm(stateDir, { recursive: true, force: true }));
  const initialize = { options: { stateDir }, appId: 'sidewarden.test.crash' };
  const crashed = await startSidecar({ initialize });
  const { service } = await crashed.call('service/start', { spec: { name: 'api', command: 'sh', args: ['-c', stubborn] } });
  const pid = service.process?.pid as number;
  const start = startOf(pid);
  await killWithGuards(crashed);
  expect(isAlive(pid)).toBe(true);

  await using other = await startSidecar({ initialize: { options: { stateDir }, appId: 'sidewarden.test.other' } });
  expect((await other.call('cleanup/run', {})).leftovers).toEqual([]);
  expect(isAlive(pid)).toBe(true);

  await using next = await startSidecar({ initialize });
  const { leftovers } = await next.call('cleanup/run', { graceMs: 200 });
  expect(leftovers.find(({ process }) => process.pid === pid)).toMatchObject({ outcome: 'killed' });
  expect(isAlive(pid)).toBe(false);
  expect(await carriers(next, start)).toEqual([]);
  expect((await next.call('cleanup/run', {})).leftovers).toEqual([]);
});

/** The SIDEWARDEN_START of a process. */
function startOf(pid: number): string {
  return /(?:^|\0)SIDEWARDEN_START=([^\0]+)/.exec(readFileSync(`/proc/${pid}/environ`, 'latin1'))?.[1] ?? '';
}

async function carriers(sidecar: { call: Awaited<ReturnType<typeof startSidecar>>['call'] }, start: string): Promise<number[]> {
  const { processes } = await sidecar.call('process/list', { limit: 5_000 });
  return processes.map(({ pid }) => pid).filter((pid) => isAlive(pid) && hasStart(pid, start));
}

function hasStart(pid: number, start: string): boolean {
  try {
    return startOf(pid) === start;
  } catch {
    return false;
  }
}
