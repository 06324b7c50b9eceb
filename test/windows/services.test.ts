import { basename, dirname } from 'node:path';
import { expect, test } from 'vitest';
import { parseOpenMetrics } from '../harness/openMetrics.ts';
import { nodeProgram } from '../harness/processes.ts';
import { helloParams, startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

/* Services of Windows: what they start is in the job object of the sidecar, which ends with it. */

test('a service is found on the Path, runs in the job, and its stop ends what it has started', async () => {
  await using sidecar = await startSidecar();
  const { service, grandchild } = await startDetaching(sidecar);
  expect(service).toMatchObject({ state: 'running', containment: 'job', process: { name: 'node.exe', ppid: sidecar.pid } });
  expect(await sidecar.call('service/stop', { name: 'detaching' })).toMatchObject({ services: [{ state: 'stopped' }] });
  await until(() => !isAlive(service.process?.pid ?? 0) && !isAlive(grandchild), 'service and grandchild end');
});

test('a sidecar that is killed takes along what its services have started, detached or not', async () => {
  await using sidecar = await startSidecar();
  const { service, grandchild } = await startDetaching(sidecar);
  sidecar.child.kill('SIGKILL');
  await sidecar.exited;
  await until(() => !isAlive(service.process?.pid ?? 0) && !isAlive(grandchild), 'service and grandchild end');
});

test('what has left its tree and its environment is in the job of its service, and in no other', async () => {
  await using sidecar = await startSidecar();
  const first = await startDetaching(sidecar, 'escape', 'first');
  const second = await startDetaching(sidecar, 'escape', 'second');
  expect(await sidecar.call('service/stop', { name: 'first', graceMs: 1_000 })).toMatchObject({ services: [{ state: 'stopped' }] });
  expect([first, second].map(({ grandchild }) => isAlive(grandchild))).toEqual([false, true]);
  expect(isAlive(second.service.process?.pid ?? 0)).toBe(true);
  sidecar.child.kill('SIGKILL');
  await sidecar.exited;
  await until(() => !isAlive(second.grandchild), 'the other ends with the sidecar');
});

test('what has left its tree counts as used by its service, and what it has used still does when it has ended', async () => {
  await using sidecar = await startSidecar();
  const { grandchild } = await startDetaching(sidecar, 'escape', 'counted');
  const used = async () => {
    const families = parseOpenMetrics((await sidecar.call('metrics/get', {})).openmetrics);
    const read = (name: string) => families.find((one) => one.name === `sidewarden_service_${name}`)?.samples[0]?.value ?? 0;
    return { processes: read('processes'), cpu: read('cpu_seconds'), memory: read('resident_memory_bytes') };
  };
  const both = await used();
  expect(both.processes).toBe(2);
  process.kill(grandchild);
  const alone = await until(async () => ((await used()).processes === 1 ? used() : null), 'the end to be seen');
  expect(alone.memory).toBeLessThan(both.memory);
  // A Node that starts and ends takes more time than one that only waits meanwhile.
  expect(alone.cpu).toBeGreaterThanOrEqual(both.cpu);
});

test('a limit of memory counts what has left the tree of its service', async () => {
  await using sidecar = await startSidecar();
  const { service, grandchild } = await startDetaching(sidecar, 'escape', 'limited');
  const { process: leader } = await sidecar.call('process/get', { target: { pid: service.process?.pid ?? 0 } });
  const limits = { rssBytes: Math.round((leader?.rssBytes ?? 0) * 1.3) };
  await sidecar.call('service/remove', { name: 'limited' });
  expect(isAlive(grandchild)).toBe(false);
  const again = await startDetaching(sidecar, 'escape', 'limited', { limits, restart: { policy: 'onFailure', maxRestarts: 0 } });
  const ill = await until(async () => {
    const found = (await sidecar.call('service/get', { name: 'limited' })).service;
    return found?.state === 'fatal' || found?.state === 'exited' ? found : null;
  }, 'it to be ended as ill');
  expect(ill.cause).toContain('limit');
  expect(isAlive(again.grandchild)).toBe(false);
});

test('what a service has left behind when it ended by itself is ended as well', async () => {
  await using sidecar = await startSidecar();
  const { service, grandchild } = await startDetaching(sidecar, 'escape', 'leaving', { restart: { policy: 'never' } });
  process.kill(service.process?.pid as number);
  await until(
    async () => (await sidecar.call('service/get', { name: 'leaving' })).service?.state === 'exited',
    'the service to have exited',
  );
  await until(() => !isAlive(grandchild), 'what it left to end');
});

test('the host is watched by a handle', async () => {
  await using sidecar = await startSidecar({ initialize: false });
  const { result } = await sidecar.request('initialize', { ...helloParams, processId: process.pid });
  expect(result).toMatchObject({ hostWatch: 'handle' });
});

test('a program that is missing is refused with a sentence', async () => {
  await using sidecar = await startSidecar();
  const missing = await sidecar.request('service/start', { spec: { name: 'a', command: 'no-such-program' } });
  expect(missing.error).toMatchObject({ message: expect.stringContaining('on the PATH'), data: { kind: 'SpawnFailed', errno: 'ENOENT' } });
});

async function startDetaching(sidecar: TestSidecar, program = 'detach', name = 'detaching', more: object = {}) {
  const [, ...args] = nodeProgram(program);
  const { service } = await sidecar.call('service/start', {
    spec: { name, command: basename(process.execPath, '.exe'), args, env: { PATH: dirname(process.execPath) }, ...more },
  });
  const line = await until(async () => (await sidecar.call('service/logs', { name })).lines[0], 'its first line', 60_000);
  const grandchild = Number(line.text);
  expect(isAlive(grandchild)).toBe(true);
  return { service, grandchild };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
