import { basename, dirname } from 'node:path';
import { expect, test } from 'vitest';
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

async function startDetaching(sidecar: TestSidecar) {
  const [, ...args] = nodeProgram('detach');
  const { service } = await sidecar.call('service/start', {
    spec: { name: 'detaching', command: basename(process.execPath, '.exe'), args, env: { PATH: dirname(process.execPath) } },
  });
  const line = await until(async () => (await sidecar.call('service/logs', { name: 'detaching' })).lines[0], 'its first line', 60_000);
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
