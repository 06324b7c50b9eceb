import { describe, expect, test } from 'vitest';
import type { Params } from '../../src/protocol/methods/index.ts';
import type { ServiceStatus } from '../../src/protocol/types/service.ts';
import { makeDirectory } from '../harness/directory.ts';
import { onLinux } from '../harness/only.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { nodeProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

type Spec = NonNullable<Params<'service/start'>['spec']>;

const [node, program] = nodeProgram('server') as [string, string];
const often = { periodMs: 50, timeoutMs: 5_000 };
const placeholder = (name: string) => `$\{port:${name}}`;
const server = (port: number, members: Partial<Spec> = {}): Spec => ({
  name: 'api',
  command: node,
  args: [program],
  env: { DELAY_MS: '200' },
  ports: [{ name: 'web', env: 'PORT', port }],
  restart: { backoffMs: 10 },
  ...members,
});

const get = async (sidecar: TestSidecar): Promise<ServiceStatus> => {
  const { service } = await sidecar.call('service/get', { name: 'api' });
  if (service === null) throw new Error('there is no api');
  return service;
};
const untilStatus = (sidecar: TestSidecar, holds: (status: ServiceStatus) => boolean, what: string) =>
  until(
    async () => {
      const status = await get(sidecar);
      return holds(status) ? status : null;
    },
    what,
    20_000,
  );
const ask = (port: number, path: string) => fetch(`http://127.0.0.1:${port}${path}`).catch(() => null);

describe('readiness', () => {
  test.each([
    ['http, the first port and /', { kind: 'http' }],
    ['http, a path', { kind: 'http', port: placeholder('web'), path: '/health' }],
    ['http, a URL', { kind: 'http', url: `http://127.0.0.1:${placeholder('web')}/` }],
    ['tcp', { kind: 'tcp' }],
    ['tcp, a port by name', { kind: 'tcp', port: placeholder('web') }],
    ['log', { kind: 'log', pattern: '^listen' }],
  ] as const)('%s: a start is answered when it answers', async (_, probe) => {
    await using sidecar = await startSidecar();
    const port = await findFreePort();
    const { service } = await sidecar.call('service/start', { spec: server(port, { readiness: { ...probe, ...often } }) });
    expect(service).toMatchObject({ state: 'running', ready: true, ports: [{ name: 'web', port }] });
    expect((await ask(port, '/'))?.status).toBe(200);
  });

  test('exec: by the exit code of a command in its own surroundings, which ends with it', async () => {
    await using directory = await makeDirectory();
    await using sidecar = await startSidecar();
    const check = `const { existsSync } = require('node:fs'); process.exit(existsSync(process.env.FLAG) && process.argv[1] === process.env.PORT ? 0 : 1)`;
    const flag = directory.at('flag');
    const readiness = { kind: 'exec' as const, command: node, args: ['-e', check, placeholder('web')], ...often };
    const raise = `setTimeout(() => require('node:fs').writeFileSync(process.env.FLAG, ''), 300); setInterval(() => {}, 1000)`;
    const spec = server(await findFreePort(), { args: ['-e', raise], env: { FLAG: flag }, readiness });
    const { service } = await sidecar.call('service/start', { spec });
    expect(service).toMatchObject({ state: 'running', ready: true });
  });

  test('comes and goes, and the service stays', async () => {
    await using sidecar = await startSidecar();
    const port = await findFreePort();
    const readiness = { kind: 'http', failureThreshold: 2, ...often } as const;
    const { service: first } = await sidecar.call('service/start', { spec: server(port, { readiness }) });
    await ask(port, '/break');
    const broken = await untilStatus(sidecar, ({ ready }) => !ready, 'it to be noticed');
    expect(broken).toMatchObject({ state: 'running', healthy: true, restarts: 0 });
    expect(broken.cause).toBe(`Its readiness probe fails: GET http://127.0.0.1:${port}/ answers 503.`);
    await ask(port, '/mend');
    expect((await untilStatus(sidecar, ({ ready }) => ready, 'it to be ready again')).process?.pid).toBe(first.process?.pid);
  });

  onLinux(test)('a stranger on its port is no readiness, and is named', async () => {
    const port = await findFreePort();
    await using _stranger = await listen({ port, host: '127.0.0.1' });
    await using sidecar = await startSidecar();
    const spec = server(port, { command: 'sleep', args: ['300'], readiness: { kind: 'tcp', failureThreshold: 1, ...often } });
    const answer = await sidecar.request('service/start', { spec, timeoutMs: 2_000 });
    expect(answer.error).toMatchObject({ data: { kind: 'TimedOut', service: { state: 'running', ready: false } } });
    expect((await get(sidecar)).cause).toContain(`port ${port} answers, but it is held by `);
    expect((await get(sidecar)).cause).toContain(`(pid ${process.pid}) and not by api`);
  });

  onLinux(test)('a port that a child of its process holds is its own', async () => {
    await using sidecar = await startSidecar();
    const spec = server(await findFreePort(), {
      command: 'sh',
      args: ['-c', `'${node}' '${program}'; true`],
      readiness: { kind: 'tcp', ...often },
    });
    expect(await sidecar.call('service/start', { spec })).toMatchObject({ service: { ready: true, process: { name: 'sh' } } });
  });
});

describe('liveness', () => {
  test('a service that fails it is ended and started again', async () => {
    await using sidecar = await startSidecar();
    const port = await findFreePort();
    const liveness = { kind: 'http', initialDelayMs: 1_000, failureThreshold: 2, ...often } as const;
    const spec = server(port, { readiness: { kind: 'http', ...often }, liveness });
    const { service: first } = await sidecar.call('service/start', { spec });
    await ask(port, '/break');
    const second = await untilStatus(sidecar, ({ restarts, ready }) => restarts === 1 && ready, 'the restart');
    expect(second.process?.identity).not.toBe(first.process?.identity);
    expect((await ask(port, '/'))?.status).toBe(200);
  });

  test('one that answers nobody fails by its time-out, and is given up with the reason', async () => {
    await using sidecar = await startSidecar();
    const port = await findFreePort();
    const liveness = { kind: 'http', initialDelayMs: 500, failureThreshold: 1, periodMs: 50, timeoutMs: 400 } as const;
    const spec = server(port, { readiness: { kind: 'tcp', ...often }, liveness, restart: { maxRestarts: 0 } });
    await sidecar.call('service/start', { spec });
    await ask(port, '/hang');
    const given = await untilStatus(sidecar, ({ state }) => state === 'fatal', 'its end');
    expect(given).toMatchObject({ healthy: false, signal: 'SIGTERM', restarts: 0 });
    expect(given.cause).toBe(
      'Its liveness probe failed: no answer within 400 ms. It wrote last: listening It is not to be restarted (maxRestarts is 0).',
    );
  });

  test('a stop in the middle of a question is a stop, and leaves nobody who asks', async () => {
    await using sidecar = await startSidecar();
    const liveness = { kind: 'exec' as const, command: 'sleep', args: ['298'], periodMs: 10, timeoutMs: 60_000 };
    await sidecar.call('service/start', { spec: { name: 'api', command: 'sleep', args: ['299'], liveness } });
    const asking = async () => (await sidecar.call('process/list', { filter: { ppid: sidecar.pid, name: 'sleep' } })).processes;
    await until(async () => (await asking()).length === 2, 'the question');
    expect((await sidecar.call('service/stop', { name: 'api' })).services).toMatchObject([{ state: 'stopped', restarts: 0 }]);
    await until(async () => (await asking()).length === 0, 'nobody to be left');
  });
});

onLinux(describe)('a sidecar that did not run for a while', () => {
  test('takes nobody for hung', async () => {
    await using sidecar = await startSidecar();
    const port = await findFreePort();
    // Nearly always there is a question under way.
    const liveness = { kind: 'http', path: '/slow', initialDelayMs: 800, periodMs: 10, timeoutMs: 1_800, failureThreshold: 1 } as const;
    await sidecar.call('service/start', { spec: server(port, { readiness: { kind: 'http', ...often }, liveness }) });
    process.kill(sidecar.pid, 'SIGSTOP');
    // Longer than its own time-outs: that is the point.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    process.kill(sidecar.pid, 'SIGCONT');
    for (let look = 0; look < 20; look += 1) expect(await get(sidecar)).toMatchObject({ state: 'running', ready: true, restarts: 0 });
  });
});

describe('a probe that makes no sense', () => {
  test.each([
    ['a port that it does not have', { readiness: { kind: 'tcp', port: placeholder('admin') } }, 'readiness.port'],
    ['no port at all', { ports: [], readiness: { kind: 'http' } }, 'readiness.port'],
    ['a URL and a path', { liveness: { kind: 'http', url: 'http://127.0.0.1/', path: '/' } }, 'liveness.url'],
    ['another scheme', { liveness: { kind: 'http', url: 'ftp://127.0.0.1/' } }, 'liveness.url'],
    ['no expression', { readiness: { kind: 'log', pattern: '(' } }, 'readiness.pattern'],
    ['a line as a sign of life', { liveness: { kind: 'log', pattern: 'x' } }, 'liveness.kind'],
  ] as const)('%s is refused by its path', async (_, members, path) => {
    await using sidecar = await startSidecar();
    const { error } = await sidecar.request('service/start', { spec: server(20_000, members as Partial<Spec>) });
    expect(error).toMatchObject({ code: -32_602, data: { issues: [{ path: `spec.${path}` }] } });
    expect((await sidecar.call('service/list', {})).services).toEqual([]);
  });
});
