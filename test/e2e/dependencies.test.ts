import { describe, expect, test } from 'vitest';
import type { NotificationParams, Params } from '../../src/protocol/methods/index.ts';
import type { Dependency, ServiceStatus } from '../../src/protocol/types/service.ts';
import { makeDirectory } from '../harness/directory.ts';
import { withKoffi } from '../harness/only.ts';
import { findFreePort } from '../harness/ports.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

type Spec = NonNullable<Params<'service/start'>['spec']>;

const node = process.execPath;
const needs = (name: string, condition: Dependency['condition'] = 'started'): Dependency => ({ name, condition });
const sleeps = (name: string, ...dependsOn: Dependency[]): Spec => ({ name, command: 'sleep', args: ['300'], dependsOn });
const statuses = async (sidecar: TestSidecar) => (await sidecar.call('service/list', {})).services;
const states = async (sidecar: TestSidecar) => Object.fromEntries((await statuses(sidecar)).map(({ name, state }) => [name, state]));
const get = async (sidecar: TestSidecar, name: string): Promise<ServiceStatus> => {
  const { service } = await sidecar.call('service/get', { name });
  if (service === null) throw new Error(`there is no service ${name}`);
  return service;
};
const untilStates = (sidecar: TestSidecar, wanted: Record<string, ServiceStatus['state']>) =>
  until(async () => JSON.stringify(await states(sidecar)) === JSON.stringify(wanted), JSON.stringify(wanted), 20_000);
/** `NAME STATE` of each change so far, without those that follow the same. */
async function follow(sidecar: TestSidecar) {
  await sidecar.call('events/subscribe', { topics: ['service'] });
  const told = () => sidecar.events('event/service').map(({ params }) => params as unknown as NotificationParams<'event/service'>);
  return () => told().map(({ service: { name, state } }) => `${name} ${state}`);
}

describe('dependencies', () => {
  test('start first, stop last, and come with who needs them', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/apply', {
      services: [sleeps('web', needs('api')), sleeps('api', needs('db')), sleeps('db'), sleeps('other')],
    });
    await untilStates(sidecar, { api: 'running', db: 'running', other: 'running', web: 'running' });
    const changes = await follow(sidecar);
    const { services } = await sidecar.call('service/stop', { name: 'db' });
    expect(services.map(({ name, state }) => `${name} ${state}`)).toEqual(['db stopped', 'api stopped', 'web stopped']);
    const order = changes().filter((change) => change.endsWith('stopped'));
    expect(order).toEqual(['web stopped', 'api stopped', 'db stopped']);
    const { service } = await sidecar.call('service/start', { name: 'web' });
    expect(service).toMatchObject({ name: 'web', state: 'running' });
    const starts = changes().filter((change, index, all) => change.endsWith('running') && all.indexOf(change) === index);
    expect(starts).toEqual(['db running', 'api running', 'web running']);
  });

  test('ready is waited for, completed means with exit code 0', async () => {
    await using directory = await makeDirectory();
    await using sidecar = await startSidecar();
    const flag = directory.at('migrated');
    const migrate: Spec = {
      name: 'migrate',
      command: node,
      args: ['-e', `setTimeout(() => require('node:fs').writeFileSync(process.argv[1], ''), 300)`, flag],
    };
    const look = `require('node:fs').statSync(process.argv[1]); console.log('up'); setInterval(() => {}, 1000)`;
    const db: Spec = {
      name: 'db',
      command: node,
      args: ['-e', look, flag],
      dependsOn: [needs('migrate', 'completed')],
      readiness: { kind: 'log', pattern: '^up$' },
      restart: { policy: 'never' },
    };
    const { changes } = await sidecar.call('service/apply', { services: [migrate, db, sleeps('api', needs('db', 'ready'))] });
    expect(changes.map(({ change }) => change)).toEqual(['started', 'started', 'started']);
    expect(['waiting', 'running']).toContain((await get(sidecar, 'api')).state);
    await untilStates(sidecar, { api: 'running', db: 'running', migrate: 'exited' });
    expect(await get(sidecar, 'db')).toMatchObject({ ready: true, restarts: 0 });
  });

  test('one that fails explains itself in those that wait for it', async () => {
    await using sidecar = await startSidecar();
    const db: Spec = {
      name: 'db',
      command: node,
      args: ['-e', "console.error('no space left'); process.exit(9)"],
      readiness: { kind: 'log', pattern: '^ready$' },
      restart: { backoffMs: 1, maxRestarts: 1 },
    };
    const { services: none } = await sidecar.call('service/list', {});
    expect(none).toEqual([]);
    await sidecar.call('service/apply', { services: [db, sleeps('api', needs('db', 'ready')), sleeps('web', needs('api'))] });
    await untilStates(sidecar, { api: 'fatal', db: 'fatal', web: 'fatal' });
    expect((await get(sidecar, 'web')).cause).toMatch(
      /^It needs api, which is fatal: It needs db to be ready, which is fatal: It ended by itself with exit code 9\. It wrote last: .*no space left It was restarted once/,
    );
    // What it waits for may be mended: then all of it is started again with one call.
    await sidecar.call('service/apply', { services: [sleeps('db')] });
    expect(await sidecar.call('service/start', { name: 'web' })).toMatchObject({ service: { state: 'running' } });
  });

  test('circles and unknown names are refused as a whole, with the path', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: sleeps('db') });
    const circle = [sleeps('a', needs('b')), sleeps('b', needs('c')), sleeps('c', needs('a')), sleeps('d')];
    const refused = await sidecar.request('service/apply', { services: circle });
    expect(refused.error).toMatchObject({
      code: -32_602,
      message: 'Nothing was started: a → b → c → a is a circle, so that none of them could ever start.',
      data: { issues: [{ path: 'services.0.dependsOn' }] },
    });
    const unknown = await sidecar.request('service/start', { spec: sleeps('a', needs('nobody')) });
    expect(unknown.error).toMatchObject({ code: -32_602, message: 'Nothing was started: a → nobody: there is no service nobody.' });
    const missing = await sidecar.request('service/apply', { services: [sleeps('a'), { name: 'b', command: '/no/such/program' }] });
    expect(missing.error).toMatchObject({ code: 1008, data: { kind: 'SpawnFailed', command: '/no/such/program' } });
    const bad = await sidecar.request('service/apply', {
      services: [sleeps('a'), { name: 'b', command: 'sleep', cwd: 'here' }, sleeps('a')],
    });
    expect(bad.error).toMatchObject({ code: -32_602, data: { issues: [{ path: 'services.1.cwd' }, { path: 'services.2.name' }] } });
    expect(await states(sidecar)).toEqual({ db: 'running' });
  });
});

describe('service/apply', () => {
  test('changes what differs, and nothing else', async () => {
    await using sidecar = await startSidecar({ initialize: { options: { ownerTag: 'mine' } } });
    const [db, api, web] = [sleeps('db'), sleeps('api', needs('db')), sleeps('web')];
    await sidecar.call('service/apply', { services: [db, api, web, { ...sleeps('theirs'), ownerTag: 'theirs' }] });
    await untilStates(sidecar, { api: 'running', db: 'running', theirs: 'running', web: 'running' });
    const before = await statuses(sidecar);
    expect((await sidecar.call('service/apply', { services: [db, api, web] })).changes.map(({ change }) => change)).toEqual([
      'unchanged',
      'unchanged',
      'unchanged',
    ]);
    expect(await statuses(sidecar)).toEqual(before);
    const { changes } = await sidecar.call('service/apply', { services: [{ ...db, env: { X: '1' } }, sleeps('new')], prune: false });
    expect(changes).toEqual([
      { name: 'db', change: 'restarted' },
      { name: 'new', change: 'started' },
      { name: 'api', change: 'restarted' },
    ]);
    await untilStates(sidecar, { api: 'running', db: 'running', new: 'running', theirs: 'running', web: 'running' });
    const pidOf = (list: ServiceStatus[], name: string) => list.find((one) => one.name === name)?.process?.pid;
    const now = await statuses(sidecar);
    for (const name of ['db', 'api']) expect(pidOf(now, name), name).not.toBe(pidOf(before, name));
    for (const name of ['web', 'theirs']) expect(pidOf(now, name), name).toBe(pidOf(before, name));
    expect(now.map(({ restarts }) => restarts)).toEqual([0, 0, 0, 0, 0]);

    const pruned = await sidecar.call('service/apply', { services: [web], prune: true });
    expect(pruned.changes).toEqual([
      { name: 'web', change: 'unchanged' },
      { name: 'db', change: 'stopped' },
      { name: 'api', change: 'stopped' },
      { name: 'new', change: 'stopped' },
    ]);
    await untilStates(sidecar, { theirs: 'running', web: 'running' });
  });

  test('a port by number goes from the one that is pruned to the one that comes', async () => {
    await using sidecar = await startSidecar();
    const port = await findFreePort();
    const ports = [{ name: 'web', port }];
    await sidecar.call('service/apply', { services: [{ ...sleeps('old'), ports }] });
    await untilStates(sidecar, { old: 'running' });
    await sidecar.call('service/apply', { services: [{ ...sleeps('new'), ports }], prune: true });
    await untilStates(sidecar, { new: 'running' });
  });

  test('what depends on something that would be pruned is not widowed', async () => {
    await using sidecar = await startSidecar({ initialize: { options: { ownerTag: 'mine' } } });
    await sidecar.call('service/apply', { services: [sleeps('db'), { ...sleeps('theirs', needs('db')), ownerTag: 'theirs' }] });
    await untilStates(sidecar, { db: 'running', theirs: 'running' });
    const { error } = await sidecar.request('service/apply', { services: [sleeps('web')], prune: true });
    expect(error).toMatchObject({ code: -32_602, data: { issues: [{ path: 'prune', message: 'theirs → db: there is no service db' }] } });
    expect(await states(sidecar)).toEqual({ db: 'running', theirs: 'running' });
  });

  test('twice at the same time: the last one counts, and nothing runs twice', async () => {
    await using sidecar = await startSidecar();
    const version = (number: number) => [
      { ...sleeps('db'), env: { VERSION: String(number) } },
      { ...sleeps('api', needs('db')), env: { VERSION: String(number) } },
    ];
    await Promise.all([1, 2, 3].map((number) => sidecar.call('service/apply', { services: version(number) })));
    await untilStates(sidecar, { api: 'running', db: 'running' });
    await until(async () => {
      const { changes } = await sidecar.call('service/apply', { services: version(3) });
      return changes.every(({ change }) => change === 'unchanged');
    }, 'the third version to be what is wanted');
    await untilStates(sidecar, { api: 'running', db: 'running' });
    const { processes } = await sidecar.call('process/list', { filter: { ppid: sidecar.pid, name: 'sleep' } });
    expect(processes).toHaveLength(2);
  });
});

describe('service/restart and service/remove', () => {
  test('a restart brings back the dependants that it stopped, in order, and is no crash', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/apply', { services: [sleeps('db'), sleeps('api', needs('db', 'ready')), sleeps('idle', needs('db'))] });
    await untilStates(sidecar, { api: 'running', db: 'running', idle: 'running' });
    await sidecar.call('service/stop', { name: 'idle' });
    const changes = await follow(sidecar);
    const { services } = await sidecar.call('service/restart', { name: 'db' });
    expect(services).toMatchObject([
      { name: 'db', state: 'running', restarts: 0 },
      { name: 'api', state: 'running', restarts: 0 },
    ]);
    const seen = changes();
    expect(seen.indexOf('api stopped')).toBeLessThan(seen.indexOf('db stopping'));
    expect(seen.indexOf('db running')).toBeLessThan(seen.indexOf('api running'));
    expect((await get(sidecar, 'idle')).state).toBe('stopped');
  });

  test('a group is restarted, listed and stopped as one', async () => {
    await using sidecar = await startSidecar();
    const back = (name: string) => ({ ...sleeps(name), group: 'back' });
    await sidecar.call('service/apply', { services: [back('a'), back('b'), sleeps('c')] });
    await untilStates(sidecar, { a: 'running', b: 'running', c: 'running' });
    const before = await statuses(sidecar);
    const { services } = await sidecar.call('service/restart', { group: 'back' });
    expect(services.map(({ name, state }) => `${name} ${state}`)).toEqual(['a running', 'b running']);
    const now = await statuses(sidecar);
    expect(now.map(({ process }, index) => process?.pid === before[index]?.process?.pid)).toEqual([false, false, true]);
    await sidecar.call('service/stop', { group: 'back' });
    expect(await states(sidecar)).toEqual({ a: 'stopped', b: 'stopped', c: 'running' });
    expect((await sidecar.request('service/restart', { group: 'nobody' })).error).toMatchObject({ code: 1001 });
  });

  test('what is removed is forgotten, wherever it was', async () => {
    await using sidecar = await startSidecar();
    const failing: Spec = {
      name: 'failing',
      command: node,
      args: ['-e', 'process.exit(1)'],
      restart: { backoffMs: 60_000, maxBackoffMs: 60_000 },
    };
    await sidecar.call('service/apply', { services: [failing, sleeps('db'), sleeps('api', needs('db'))] });
    await untilStates(sidecar, { api: 'running', db: 'running', failing: 'backoff' });
    expect((await sidecar.call('service/remove', { name: 'failing' })).services).toMatchObject([
      { state: 'stopped', cause: 'It was removed.' },
    ]);
    const { services } = await sidecar.call('service/remove', { name: 'db' });
    expect(services.map(({ name, state }) => `${name} ${state}`)).toEqual(['db stopped', 'api stopped']);
    expect(await states(sidecar)).toEqual({ api: 'stopped' });
    expect((await sidecar.request('service/logs', { name: 'db' })).error).toMatchObject({ code: 1001 });
    expect((await sidecar.request('service/start', { name: 'api' })).error).toMatchObject({
      message: 'Nothing was started: api → db: there is no service db.',
    });
  });

  test('a restart while it is stopping, a stop while it is restarting: the last one counts', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: sleeps('api') });
    const first = await Promise.all([sidecar.call('service/stop', { name: 'api' }), sidecar.call('service/restart', { name: 'api' })]);
    expect(first[1].services).toMatchObject([{ state: 'running', restarts: 0 }]);
    await Promise.all([sidecar.call('service/restart', { name: 'api' }), sidecar.call('service/stop', { name: 'api' })]);
    expect(await states(sidecar)).toEqual({ api: 'stopped' });
  });

  withKoffi(test)(
    'a port that is handed over refuses nobody through restarts and crashes',
    async () => {
      await using sidecar = await startSidecar();
      const port = await findFreePort();
      const serve = `require('node:http').createServer((_, response) => response.end(String(process.pid))).listen({ fd: 3 })`;
      const spec: Spec = {
        name: 'web',
        command: node,
        args: ['-e', serve],
        ports: [{ name: 'http', port, passFd: true }],
        readiness: { kind: 'http', periodMs: 50 },
        restart: { backoffMs: 1, maxRestarts: -1 },
      };
      await sidecar.call('service/start', { spec });
      const outcomes = { answered: 0, refused: [] as string[] };
      let isOver = false;
      const asking = (async () => {
        while (!isOver) {
          // A connection that a dying server had accepted is cut; that is no refusal.
          const failure = await fetch(`http://127.0.0.1:${port}/`).then(
            async (response) => void (await response.text().catch(() => '')),
            (error: { cause?: { code?: string } }) => error.cause?.code ?? String(error),
          );
          if (failure === undefined) outcomes.answered += 1;
          else if (failure === 'ECONNREFUSED') outcomes.refused.push(failure);
        }
      })();
      for (let round = 0; round < 10; round += 1) {
        await sidecar.call('service/restart', { name: 'web' });
        const { process: leader, restarts } = await get(sidecar, 'web');
        process.kill(leader?.pid as number, 'SIGKILL');
        await until(async () => {
          const now = await get(sidecar, 'web');
          return now.restarts > restarts && now.ready;
        }, 'the crash to be followed by a start');
      }
      isOver = true;
      await asking;
      expect(outcomes.refused).toEqual([]);
      expect(outcomes.answered).toBeGreaterThan(10);
    },
    120_000,
  );
});

describe('service/signal', () => {
  test('reaches the process, and an end by it is told as such', async () => {
    await using sidecar = await startSidecar();
    const script = `process.on('SIGHUP', () => console.log('hup')); console.log('up'); setInterval(() => {}, 1000)`;
    const spec: Spec = {
      name: 'api',
      command: node,
      args: ['-e', script],
      readiness: { kind: 'log', pattern: 'up' },
      restart: { policy: 'never' },
    };
    await sidecar.call('service/start', { spec });
    expect(await sidecar.call('service/signal', { name: 'api', signal: 'SIGHUP' })).toBeNull();
    await until(async () => (await sidecar.call('service/logs', { name: 'api' })).lines.some(({ text }) => text === 'hup'), 'the signal');
    await sidecar.call('service/signal', { name: 'api', signal: 'SIGKILL' });
    await untilStates(sidecar, { api: 'exited' });
    expect((await get(sidecar, 'api')).cause).toBe('It was ended by SIGKILL, which was sent by service/signal. It wrote last: up ⏎ hup');
    expect((await sidecar.request('service/signal', { name: 'api', signal: 'SIGHUP' })).error).toMatchObject({
      code: 1007,
      data: { state: 'exited', allowed: ['running'] },
    });
    expect((await sidecar.request('service/signal', { name: 'nobody', signal: 'SIGHUP' })).error).toMatchObject({ code: 1001 });
  });
});

describe('a shutdown', () => {
  test('ends services in reverse order, and starts nothing, whatever was under way', async () => {
    await using sidecar = await startSidecar();
    const failing: Spec = { name: 'failing', command: node, args: ['-e', 'process.exit(1)'], restart: { backoffMs: 1, maxRestarts: -1 } };
    const never: Spec = { ...sleeps('never'), readiness: { kind: 'log', pattern: '^never$' } };
    await sidecar.call('service/apply', {
      services: [
        sleeps('db'),
        sleeps('api', needs('db')),
        sleeps('web', needs('api')),
        failing,
        never,
        sleeps('late', needs('never', 'ready')),
      ],
    });
    await until(async () => {
      const now = await states(sidecar);
      return now['web'] === 'running' && now['late'] === 'waiting' && now['never'] === 'running';
    }, 'all to be under way');
    const changes = await follow(sidecar);
    for (const request of ['service/restart', 'service/stop'] as const) void sidecar.request(request, { name: 'api' });
    const report = await sidecar.call('shutdown/run', { reason: 'test', keepRunning: true });
    expect(report.ok).toBe(true);
    const seen = changes();
    expect(seen.lastIndexOf('web stopped')).toBeLessThan(seen.lastIndexOf('api stopped'));
    expect(seen.lastIndexOf('api stopped')).toBeLessThan(seen.lastIndexOf('db stopped'));
    expect(await states(sidecar)).toMatchObject({ api: 'stopped', db: 'stopped', late: 'stopped', never: 'stopped', web: 'stopped' });
    expect((await get(sidecar, 'failing')).process).toBeNull();
    const { processes } = await sidecar.call('process/list', { filter: { ppid: sidecar.pid } });
    expect(processes.filter(({ name }) => name === 'sleep')).toEqual([]);
    // It stays, and so it starts again what is asked for.
    expect(await sidecar.call('service/start', { name: 'web' })).toMatchObject({ service: { state: 'running' } });
  });
});
