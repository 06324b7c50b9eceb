import { describe, expect, test } from 'vitest';
import type { NotificationParams } from '../../src/protocol/methods/index.ts';
import type { ServiceStatus } from '../../src/protocol/types/service.ts';
import { onLinux } from '../harness/only.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

const node = process.execPath;
const sleeps = { command: 'sleep', args: ['300'] };

const get = async (sidecar: TestSidecar, name: string): Promise<ServiceStatus> => {
  const { service } = await sidecar.call('service/get', { name });
  if (service === null) throw new Error(`there is no service ${name}`);
  return service;
};
const untilState = (sidecar: TestSidecar, name: string, state: ServiceStatus['state']) =>
  until(async () => {
    const status = await get(sidecar, name);
    return status.state === state ? status : null;
  }, `${name} to be ${state}`);

describe('what there is', () => {
  test('services are listed by name, all or those of a group', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'web', group: 'front' } });
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'api', group: 'back' } });
    expect((await sidecar.call('service/list', {})).services.map(({ name }) => name)).toEqual(['api', 'web']);
    expect((await sidecar.call('service/list', { group: 'front' })).services).toMatchObject([{ name: 'web', state: 'running' }]);
    expect((await sidecar.call('service/list', { group: 'none' })).services).toEqual([]);
  });

  test('every change is told, to those who want it, and the snapshot says how it was before', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'old' } });
    const { snapshot } = await sidecar.call('events/subscribe', { topics: ['service'], filter: { services: ['old', 'new'] } });
    expect(snapshot.service).toMatchObject([{ service: { name: 'old', state: 'running', ready: true } }]);
    const script = "console.error('no config'); process.exit(4)";
    const restart = { maxRestarts: 1, backoffMs: 1 };
    await sidecar.call('service/start', { spec: { name: 'new', command: node, args: ['-e', script], restart } });
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'other' } });
    const told = () => sidecar.events('event/service').map(({ params }) => params as unknown as NotificationParams<'event/service'>);
    const last = await until(() => told().find(({ service }) => service.state === 'fatal'), 'the end of new');
    expect(last.service).toMatchObject({ name: 'new', restarts: 1, exitCode: 4, ready: false, process: null });
    expect(last.service.cause).toBe(
      'It ended by itself with exit code 4. It wrote last: no config ⏎ no config It was restarted once within 60 s and is given up; start it again when what ails it is mended.',
    );
    const states = told().map(({ service }) => service.state);
    const inARow = states.filter((state, index) => state !== states[index - 1]);
    expect(inARow.filter((state) => state !== 'running')).toEqual(['starting', 'backoff', 'starting', 'fatal']);
    expect(new Set(told().map(({ service }) => service.name))).toEqual(new Set(['new']));
  });
});

describe('a service that ends by itself', () => {
  test('is started again when it has failed, and is given up when it fails too often', async () => {
    await using sidecar = await startSidecar();
    const spec = { name: 'api', command: node, args: ['-e', 'process.exit(3)'], restart: { backoffMs: 5, maxRestarts: 3 } };
    await sidecar.call('service/start', { spec, waitFor: 'none' });
    expect(await untilState(sidecar, 'api', 'fatal')).toMatchObject({ restarts: 3, exitCode: 3, ready: false, healthy: false });
    // Whoever starts it again gives it as many chances again.
    await sidecar.call('service/start', { name: 'api', waitFor: 'none' });
    expect(await until(async () => ((await get(sidecar, 'api')).restarts > 3 ? get(sidecar, 'api') : null), 'more restarts')).toBeTruthy();
    expect(await untilState(sidecar, 'api', 'fatal')).toMatchObject({ restarts: 6 });
  });

  test('a clean exit is no failure; only always starts it again', async () => {
    await using sidecar = await startSidecar();
    const done = { command: node, args: ['-e', ''] };
    await sidecar.call('service/start', { spec: { ...done, name: 'once' } });
    await sidecar.call('service/start', {
      spec: { ...done, name: 'ever', restart: { policy: 'always', backoffMs: 1, maxRestarts: 2 } },
      waitFor: 'none',
    });
    expect(await untilState(sidecar, 'ever', 'fatal')).toMatchObject({ restarts: 2, exitCode: 0 });
    expect(await untilState(sidecar, 'once', 'exited')).toMatchObject({ restarts: 0, exitCode: 0 });
  });

  test('a crash is told from a stop, and a restart has another process', async () => {
    await using sidecar = await startSidecar();
    const spec = { ...sleeps, name: 'api', restart: { backoffMs: 1 } };
    const { service: first } = await sidecar.call('service/start', { spec });
    process.kill(first.process?.pid as number, 'SIGKILL');
    const second = await until(async () => {
      const status = await get(sidecar, 'api');
      return status.state === 'running' && status.restarts === 1 ? status : null;
    }, 'the restart');
    expect(second.process?.identity).not.toBe(first.process?.identity);
    expect(second.cause).toBe('It was ended by SIGKILL, which we did not send.');
    const { services } = await sidecar.call('service/stop', { name: 'api' });
    expect(services).toMatchObject([{ state: 'stopped', signal: 'SIGTERM', restarts: 1, cause: 'It was stopped on request.' }]);
  });

  test('is stopped while it waits for its next chance, and does not come back', async () => {
    await using sidecar = await startSidecar();
    const spec = { name: 'api', command: node, args: ['-e', 'process.exit(1)'], restart: { backoffMs: 60_000, maxBackoffMs: 60_000 } };
    await sidecar.call('service/start', { spec, waitFor: 'none' });
    await untilState(sidecar, 'api', 'backoff');
    const { services } = await sidecar.call('service/stop', { name: 'api' });
    expect(services).toMatchObject([{ state: 'stopped', exitCode: 1, cause: 'It was stopped on request.' }]);
    await sidecar.call('service/start', { name: 'api', waitFor: 'none' });
    await untilState(sidecar, 'api', 'backoff');
    expect((await sidecar.end()).code).toBe(1);
  });

  test('one that cannot be started again is given up with the reason', async () => {
    await using sidecar = await startSidecar();
    const failed = await sidecar.request('service/start', { spec: { name: 'api', command: '/no/such/program' } });
    expect(failed.error).toMatchObject({ code: 1008, data: { kind: 'SpawnFailed', errno: 'ENOENT', command: '/no/such/program' } });
    expect((await sidecar.call('service/list', {})).services).toEqual([]);
  });
});

describe('waiting for a start', () => {
  test('ends at the time-out, and the service stays', async () => {
    await using sidecar = await startSidecar();
    const readiness = { kind: 'log', pattern: '^never$' } as const;
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'api', readiness }, waitFor: 'running' });
    const answer = await sidecar.request('service/start', { name: 'api', timeoutMs: 200 });
    expect(answer.error).toMatchObject({
      code: 1003,
      message: 'api was not ready within 200 ms; it is running, and stays so.',
      data: { kind: 'TimedOut', service: { name: 'api', state: 'running', ready: false, healthy: true } },
    });
    expect(await get(sidecar, 'api')).toMatchObject({ state: 'running', ready: false });
    expect(await sidecar.call('service/start', { name: 'api', waitFor: 'running' })).toMatchObject({ service: { state: 'running' } });
  });

  test('ends with the status when it has ended', async () => {
    await using sidecar = await startSidecar();
    const readiness = { kind: 'log', pattern: '^never$' } as const;
    const spec = { name: 'api', command: node, args: ['-e', 'process.exit(2)'], readiness, restart: { policy: 'never' as const } };
    const { service } = await sidecar.call('service/start', { spec });
    expect(service).toMatchObject({ state: 'exited', exitCode: 2, ready: false });
  });

  test('is told as progress', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'api' }, workDoneToken: 'w' });
    const told = sidecar.events('$/progress').map(({ params }) => (params as { value: { kind: string; message?: string } }).value);
    expect(told.map(({ kind, message }) => message ?? kind)).toEqual(['begin', 'api is starting', 'api is running', 'end']);
  });
});

onLinux(describe)('two at the same time', () => {
  test('a stop while it is starting, a start while it is stopping: the last one counts, and there is one process', async () => {
    await using sidecar = await startSidecar();
    const spec = { ...sleeps, name: 'api' };
    for (let round = 0; round < 3; round += 1) {
      const starting = sidecar.call('service/start', { spec, waitFor: 'none' });
      const stopping = sidecar.call('service/stop', { name: 'api' });
      const again = sidecar.call('service/start', { name: 'api' });
      await Promise.all([starting, stopping, again]);
      const { services } = await sidecar.call('service/list', {});
      expect(services).toMatchObject([{ name: 'api', state: 'running', restarts: 0 }]);
      expect((await sidecar.call('service/stop', { name: 'api' })).services).toMatchObject([{ state: 'stopped' }]);
    }
    const { processes } = await sidecar.call('process/list', { filter: { ppid: sidecar.pid, name: 'sleep' } });
    expect(processes).toEqual([]);
  });
});

describe('the end of its input', () => {
  const reads = (onEnd: string) => `process.stdin.on('end', () => { ${onEnd} }).resume(); setInterval(() => {}, 1000); console.log('up')`;
  const spec = (onEnd: string, graceMs: number) => ({
    name: 'api',
    command: node,
    args: ['-e', reads(onEnd)],
    stdin: 'pipe' as const,
    readiness: { kind: 'log' as const, pattern: '^up$' },
    stop: { stdinClose: true, graceMs },
  });

  test('comes before the signal, and may be all that is needed', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: spec('process.exit(7)', 20_000) });
    const { services } = await sidecar.call('service/stop', { name: 'api' });
    expect(services).toMatchObject([{ state: 'stopped', exitCode: 7, signal: null }]);
  });

  test('is followed by the signal when half of the grace is over', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: spec("console.log('end of input')", 3_000) });
    const { services } = await sidecar.call('service/stop', { name: 'api' });
    expect(services).toMatchObject([{ state: 'stopped', exitCode: null, signal: 'SIGTERM' }]);
    const { lines } = await sidecar.call('service/logs', { name: 'api' });
    expect(lines.map(({ text }) => text)).toEqual(['up', 'end of input']);
  });

  test('needs an input', async () => {
    await using sidecar = await startSidecar();
    const { error } = await sidecar.request('service/start', { spec: { ...sleeps, name: 'api', stop: { stdinClose: true } } });
    expect(error).toMatchObject({ code: -32_602, data: { issues: [{ path: 'spec.stop.stdinClose' }] } });
  });
});

onLinux(describe)('a memory limit', () => {
  test('over it, with all that it has started, a service is started again, and the cause says so', async () => {
    await using sidecar = await startSidecar();
    const eats = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'globalThis.kept = Buffer.alloc(300e6, 1); setInterval(() => {}, 1000)']);
      process.on('SIGTERM', () => { console.log('asked politely'); process.exit(0); });
      setInterval(() => {}, 1000);`;
    const limits = { rssBytes: 200 * 1024 * 1024 };
    const spec = { name: 'api', command: node, args: ['-e', eats], limits, restart: { maxRestarts: 1, backoffMs: 1 } };
    await sidecar.call('service/start', { spec });
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'small', limits } });
    const given = await until(
      async () => {
        const status = await get(sidecar, 'api');
        return status.state === 'fatal' ? status : null;
      },
      'it to be given up',
      25_000,
    );
    expect(given).toMatchObject({ restarts: 1, exitCode: 0 });
    expect(given.cause).toMatch(/^Its processes use \d{9,} bytes of memory, and 209715200 are its limit\. /);
    expect(await get(sidecar, 'small')).toMatchObject({ state: 'running', restarts: 0 });
  });
});
