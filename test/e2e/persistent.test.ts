import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ServiceSpec } from '../../src/protocol/types/service.ts';
import { findDeputy, findGuard, killWithGuards } from '../harness/guard.ts';
import { spawnProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

const counts = 'n=0; while :; do n=$((n+1)); echo "line $n"; sleep 0.02; done';

describe('a persistent service', () => {
  test('outlives a killed sidecar, goes on writing its file, and is what the next one finds, and ends', async () => {
    const app = await openApp();
    const first = await app.sidecar();
    const spec = app.spec({ group: 'back', ownerTag: 'tab 1' });
    const { service } = await first.call('service/start', { spec });
    const pid = app.pidOf(service);
    await until(() => app.written() > 3, 'the first lines');
    const guards = [findGuard(first.pid) as number, await until(() => findDeputy(first.pid), 'the deputy')];
    first.child.kill('SIGKILL');
    await first.exited;
    await until(() => !guards.some(isAlive), 'the guards to have ended what is to be ended');
    expect(isAlive(pid)).toBe(true);
    const before = app.written();
    await until(() => app.written() > before + 3, 'more lines, without a sidecar');

    await using next = await app.sidecar();
    const { services } = await next.call('service/list', {});
    expect(services).toMatchObject([{ name: 'api', group: 'back', state: 'running', ready: true, process: { pid, ownerTag: 'tab 1' } }]);
    expect(services[0]?.containment).toBe(service.containment);
    expect((await next.call('service/get', { name: 'api' })).service).toMatchObject({ process: { pid, service: 'api' } });
    expect((await next.call('cleanup/run', {})).leftovers).toEqual([]);
    // The same is no second copy.
    expect((await next.call('service/start', { spec })).service.process?.pid).toBe(pid);
    expect((await next.call('service/apply', { services: [spec] })).changes).toEqual([{ name: 'api', change: 'unchanged' }]);
    const { lines } = await next.call('service/logs', { name: 'api' });
    expect(lines[0]?.text).toBe('line 1');
    const seen = lines.length;
    await until(async () => (await next.call('service/logs', { name: 'api' })).lines.length > seen + 3, 'what it writes now');

    const stopped = await next.call('service/stop', { name: 'api' });
    expect(stopped.services).toMatchObject([{ name: 'api', state: 'stopped', process: null }]);
    expect(isAlive(pid)).toBe(false);
    const text = readFileSync(app.file, 'utf8').trimEnd().split('\n');
    expect(text).toEqual(text.map((_, index) => `line ${index + 1}`));
    expect(await restarted(next)).not.toBe(pid);
    await next.call('service/remove', { name: 'api' });
    expect((await next.call('service/list', {})).services).toEqual([]);
  });

  test('is left alone by every orderly end, and those beside it are not', async () => {
    const app = await openApp();
    const ends: Record<string, (sidecar: TestSidecar) => unknown> = {
      'end of input': (sidecar) => sidecar.end(),
      'shutdown/run': (sidecar) => sidecar.request('shutdown/run', { reason: 'test' }).then(() => sidecar.end()),
      SIGTERM: (sidecar) => sidecar.child.kill('SIGTERM'),
    };
    let pid: number | null = null;
    for (const [what, end] of Object.entries(ends)) {
      const sidecar = await app.sidecar();
      const { service } = await sidecar.call('service/start', { spec: app.spec() });
      pid ??= app.pidOf(service);
      expect(service.process?.pid, what).toBe(pid);
      const other = await sidecar.call('service/start', { spec: { name: 'other', command: 'sleep', args: ['300'] } });
      await end(sidecar);
      await sidecar.exited;
      expect(isAlive(pid), what).toBe(true);
      expect(isAlive(other.service.process?.pid as number), what).toBe(false);
    }
    await using last = await app.sidecar();
    const report = await last.call('shutdown/run', { reason: 'test', keepRunning: true });
    expect(report.steps).toEqual([]);
    expect((await last.call('service/get', { name: 'api' })).service).toMatchObject({ state: 'running', process: { pid } });
    await last.call('service/stop', { name: 'api' });
    expect(isAlive(pid as number)).toBe(false);
  });

  test('is left alone by the deputy too, which ends the rest', async () => {
    const app = await openApp();
    const first = await app.sidecar();
    const pid = app.pidOf((await first.call('service/start', { spec: app.spec() })).service);
    const { service } = await first.call('service/start', { spec: { name: 'other', command: 'sleep', args: ['300'] } });
    const deputy = await until(() => findDeputy(first.pid), 'the deputy');
    for (const one of [findGuard(first.pid) as number, first.pid]) process.kill(one, 'SIGKILL');
    await until(() => !isAlive(deputy), 'the end of the deputy');
    expect([pid, service.process?.pid as number].map(isAlive)).toEqual([true, false]);
    await using next = await app.sidecar();
    await next.call('service/stop', { name: 'api' });
  });

  test('is refused by another spec, restarted by service/apply, and by its own policy when it ends under its new sidecar', async () => {
    const app = await openApp();
    const spec = app.spec({ restart: { policy: 'onFailure', backoffMs: 1 } });
    const pid = await app.leaveRunning(spec);
    await using next = await app.sidecar();
    const changed = { ...spec, env: { MODE: 'other' } };
    expect((await next.request('service/start', { spec: changed })).error).toMatchObject({ data: { kind: 'Conflict' } });
    expect(isAlive(pid)).toBe(true);
    expect((await next.call('service/apply', { services: [changed] })).changes).toEqual([{ name: 'api', change: 'restarted' }]);
    const second = await until(async () => {
      const { service } = await next.call('service/get', { name: 'api' });
      return service?.state === 'running' && service.process?.pid !== pid ? service : null;
    }, 'the one of the new spec');
    expect(isAlive(pid)).toBe(false);
    app.pidOf(second);
    await killWithGuards(next);

    await using third = await app.sidecar();
    process.kill(second.process?.pid as number, 'SIGKILL');
    const again = await until(async () => {
      const { service } = await third.call('service/get', { name: 'api' });
      return service?.restarts === 1 && service.state === 'running' ? service : null;
    }, 'a restart of what was adopted');
    app.pidOf(again);
    expect(again.cause).toMatch(/^It ended; how, only the sidecar that started it could have heard/);
    await third.call('service/stop', { name: 'api' });
  });

  test('belongs to one sidecar at a time, and to the next one when that has died', async () => {
    const app = await openApp();
    const first = await app.sidecar();
    await using second = await app.sidecar();
    const spec = app.spec();
    const pid = app.pidOf((await first.call('service/start', { spec })).service);
    expect((await second.call('service/list', {})).services).toEqual([]);
    const refused = await second.request('service/start', { spec });
    expect(refused.error).toMatchObject({ data: { kind: 'Conflict' } });
    await killWithGuards(first);
    // Whoever ran all the time does not take it for something that was left by mistake.
    expect((await second.call('cleanup/run', {})).leftovers).toEqual([]);
    expect(isAlive(pid)).toBe(true);
    expect((await second.call('service/start', { spec })).service.process?.pid).toBe(pid);
    await killWithGuards(second);

    const successors = await Promise.all([app.sidecar(), app.sidecar(), app.sidecar()]);
    const lists = await Promise.all(successors.map((one) => one.call('service/list', {})));
    const owners = successors.filter((_, index) => lists[index]?.services.length === 1);
    expect(owners).toHaveLength(1);
    await owners[0]?.call('service/stop', { name: 'api' });
    await Promise.all(successors.map((one) => one.end()));
    expect(isAlive(pid)).toBe(false);
  });

  test('that cannot be adopted runs on, and no second one is started beside it', async () => {
    const app = await openApp();
    await using sidecar = await app.sidecar();
    const spec = app.spec({ logs: app.logs({ ringBytes: 4 * 1024 * 1024 }) });
    const pid = await app.leaveRunning(spec);
    // Together as large as rings may be.
    for (let full = 0; full < 32; full += 1) {
      const ring = { name: `full-${full}`, command: 'true', logs: { ringBytes: 4 * 1024 * 1024 } };
      await sidecar.call('service/start', { spec: ring, waitFor: 'none' });
    }
    expect((await sidecar.request('service/start', { spec })).error).toMatchObject({ data: { kind: 'LimitExceeded' } });
    await sidecar.call('service/remove', { name: 'full-0' });
    expect((await sidecar.request('service/start', { spec })).error).toMatchObject({ data: { kind: 'Conflict' } });
    expect(isAlive(pid)).toBe(true);

    await sidecar.end();
    await using next = await app.sidecar();
    expect((await next.call('service/list', {})).services).toMatchObject([{ name: 'api', state: 'running', process: { pid } }]);
    await next.call('service/stop', { name: 'api' });
    expect(isAlive(pid)).toBe(false);
  });

  test('that has ended meanwhile is not adopted, nor is whoever has its pid; what it has left behind is a leftover', async () => {
    const app = await openApp();
    const child = `(setsid sh -c 'while :; do sleep 1; done' &) ; exec sleep 300`;
    const spec = app.spec({ args: ['-c', child] });
    const pid = await app.leaveRunning(spec);
    process.kill(pid, 'SIGKILL');
    await until(() => !isAlive(pid), 'its end');
    await using stranger = await spawnProgram(['sh', '-c', 'echo ready; exec sleep 300']);
    app.rewriteLedgers((line) => ({ ...line, pid: stranger.pid }));

    await using next = await app.sidecar();
    expect((await next.call('service/list', {})).services).toEqual([]);
    const { leftovers } = await next.call('cleanup/run', { graceMs: 100 });
    expect(leftovers.map(({ process }) => process.pid)).not.toContain(stranger.pid);
    expect(leftovers.length).toBeGreaterThan(0);
    const { service } = await next.call('service/start', { spec });
    expect(app.pidOf(service)).not.toBe(stranger.pid);
    await next.call('service/stop', { name: 'api' });
    expect(isAlive(stranger.pid)).toBe(true);
  });

  test('keeps its port, which is given to nobody else, and is asked by its probes again', async () => {
    const app = await openApp();
    const server = "require('node:http').createServer((q, s) => s.end('ok')).listen(process.env.PORT, '127.0.0.1')";
    const spec = app.spec({
      command: process.execPath,
      args: ['-e', server],
      ports: [{ name: 'http', env: 'PORT' }],
      readiness: { kind: 'http', periodMs: 50 },
    });
    const first = await app.sidecar();
    const { service } = await first.call('service/start', { spec });
    app.pidOf(service);
    const [{ port } = { port: 0 }] = service.ports;
    await killWithGuards(first);

    await using next = await app.sidecar();
    const adopted = await until(async () => {
      const found = (await next.call('service/get', { name: 'api' })).service;
      return found?.ready ? found : null;
    }, 'it to be ready again');
    expect(adopted.ports).toEqual(service.ports);
    const { leases } = await next.call('port/allocate', { preferred: [port] });
    expect(leases.map((lease) => lease.port)).not.toContain(port);
    await next.call('service/stop', { name: 'api' });
  });

  test('is signalled by identity when it is not our child, and stays as the signal left it', async () => {
    const app = await openApp();
    const pid = await app.leaveRunning(app.spec());
    await using next = await app.sidecar();
    await next.call('service/signal', { name: 'api', signal: 'SIGSTOP' });
    const isStopped = () => /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    await until(isStopped, 'it to be stopped');
    await next.call('service/signal', { name: 'api', signal: 'SIGCONT' });
    await until(() => !isStopped(), 'it to go on');
    await next.call('service/stop', { name: 'api' });
    expect(isAlive(pid)).toBe(false);
  });

  test('has a full file set aside when it is started, and finds a line that it waits for in its file', async () => {
    const app = await openApp();
    writeFileSync(app.file, `${'old '.repeat(50)}\n`);
    await using sidecar = await app.sidecar();
    const spec = app.spec({
      args: ['-c', 'echo up; exec sleep 300'],
      readiness: { kind: 'log', pattern: '^up$' },
      logs: app.logs({ maxBytes: 100, keep: 1 }),
    });
    const { service } = await sidecar.call('service/start', { spec });
    app.pidOf(service);
    expect(service.ready).toBe(true);
    expect(readFileSync(app.file, 'utf8')).toBe('up\n');
    expect(readFileSync(`${app.file}.1`, 'utf8')).toMatch(/^old /);
    await sidecar.call('service/stop', { name: 'api' });
  });

  test('is refused where it could not persist', async () => {
    const app = await openApp();
    await using sidecar = await app.sidecar();
    const { logs: _logs, ...fileless } = app.spec();
    const bad: [string, ServiceSpec[], RegExp][] = [
      ['without a file', [fileless], /logs\.file is needed/],
      ['with a pipe', [app.spec({ stdin: 'pipe' })], /stdin must be none/],
      [
        'on top of what is not',
        [app.spec({ dependsOn: [{ name: 'db', condition: 'ready' }] }), { name: 'db', command: 'sleep', args: ['300'] }],
        /api is persistent and needs db, which is not/,
      ],
    ];
    for (const [what, services, message] of bad) {
      const { error } = await sidecar.request('service/apply', { services });
      expect(error?.data.kind, what).toBe('InvalidParams');
      expect(error?.message, what).toMatch(message);
    }
    const nowhere = await sidecar.request('service/start', { spec: app.spec({ logs: { file: '/no/such/place/log' } }) });
    expect(nowhere.error).toMatchObject({ data: { kind: 'SpawnFailed', errno: 'ENOENT' } });
  });
});

/** An app whose sidecars share a state directory; whatever outlives the test by mistake is ended with it. */
async function openApp() {
  const directory = await mkdtemp(join(tmpdir(), 'sidewarden-persistent-'));
  const stateDir = join(directory, 'state');
  const file = join(directory, 'api.log');
  const pids = new Set<number>();
  onTestFinished(async () => {
    for (const pid of pids) if (isAlive(pid) && readEnvironment(pid).includes(directory)) process.kill(pid, 'SIGKILL');
    await rm(directory, { recursive: true, force: true });
  });
  const logs = (more: ServiceSpec['logs'] = {}) => ({ file, ...more });
  const app = {
    file,
    logs,
    spec: (more: Partial<ServiceSpec> = {}): ServiceSpec => ({
      name: 'api',
      command: 'sh',
      args: ['-c', counts],
      env: { SIDEWARDEN_TEST_DIRECTORY: directory },
      logs: logs(),
      stop: { graceMs: 500 },
      persistent: true,
      ...more,
    }),
    sidecar: () => startSidecar({ initialize: { options: { stateDir }, appId: 'sidewarden.test.persistent' } }),
    pidOf(service: { process: { pid: number } | null }): number {
      const pid = service.process?.pid as number;
      pids.add(pid);
      return pid;
    },
    written: () => readFileSync(file, 'utf8').split('\n').length - 1,
    /** Started by a sidecar that is killed then, with its guards. */
    async leaveRunning(spec: ServiceSpec): Promise<number> {
      const sidecar = await app.sidecar();
      const pid = app.pidOf((await sidecar.call('service/start', { spec })).service);
      await killWithGuards(sidecar);
      return pid;
    },
    rewriteLedgers(change: (line: Record<string, unknown>) => Record<string, unknown>): void {
      for (const path of listFiles(stateDir).filter((one) => one.endsWith('.jsonl'))) {
        const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
        const changed = lines.map((text) => {
          const line = JSON.parse(text) as Record<string, unknown>;
          return JSON.stringify(line['record'] === 'started' ? change(line) : line);
        });
        writeFileSync(path, `${changed.join('\n')}\n`);
      }
    },
  };
  return app;
}

async function restarted(sidecar: TestSidecar): Promise<number> {
  const { service } = await sidecar.call('service/start', { name: 'api' });
  return service.process?.pid as number;
}

function listFiles(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function readEnvironment(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}
