import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeDirectory } from '../harness/directory.ts';
import { findDeputy, findGuard, killWithGuards } from '../harness/guard.ts';
import { isRoot, python } from '../harness/needs.ts';
import { only, withKoffi, withPython } from '../harness/only.ts';
import { hasNative, type StartOptions, startSidecar } from '../harness/sidecar.ts';
import { createSprawl } from '../harness/sprawl.ts';
import { until } from '../harness/until.ts';

/* Nothing that a service has started outlives it or the sidecar. Each containment by itself, where it is to be had. */

const containments = await listContainments();

withPython(describe).for(containments)('%s', (containment) => {
  const start = (initialize: StartOptions['initialize'] = true) =>
    startSidecar({ initialize, env: containment === 'cgroup' ? {} : { SIDEWARDEN_CGROUPS: 'off' } });

  test('a tree of 50 ends with its service', async () => {
    await using sidecar = await start();
    using sprawl = createSprawl();
    const { service } = await sidecar.call('service/start', { spec: sprawl.spec });
    expect(service.containment).toBe(containment);
    await sprawl.grown();
    await sidecar.call('service/stop', { name: sprawl.spec.name });
    expect(sprawl.pids()).toEqual([]);
  });

  test('a tree of 50 ends when its service is killed', async () => {
    await using sidecar = await start();
    using sprawl = createSprawl();
    const { service } = await sidecar.call('service/start', { spec: sprawl.spec });
    await sprawl.grown();
    process.kill(service.process?.pid as number, 'SIGKILL');
    expect(await sprawl.left()).toBe(0);
  });

  test('a tree of 50 ends when the sidecar is killed', async () => {
    await using sidecar = await start();
    using sprawl = createSprawl();
    await sidecar.call('service/start', { spec: sprawl.spec });
    await sprawl.grown();
    const guards = await findGuards(sidecar.pid);
    sidecar.child.kill('SIGKILL');
    expect(await sprawl.left()).toBe(0);
    await until(() => guards.every(isGone), 'the end of the guard and its deputy');
  });

  test.for(['guard', 'deputy'] as const)('a tree of 50 ends when the sidecar and its %s are killed together', async (killed) => {
    await using sidecar = await start();
    using sprawl = createSprawl();
    await sidecar.call('service/start', { spec: sprawl.spec });
    await sprawl.grown();
    const [guard, deputy] = await findGuards(sidecar.pid);
    const [first, other] = killed === 'guard' ? [guard, deputy] : [deputy, guard];
    for (const pid of [first, sidecar.pid]) process.kill(pid, 'SIGKILL');
    expect(await sprawl.left()).toBe(0);
    await until(() => isGone(other), 'the end of the other');
    if (containment === 'cgroup') expect(cgroupsOf(sidecar.pid)).toEqual([]);
  });

  test('a deputy that is killed is followed by another, which knows as much', async () => {
    await using sidecar = await start();
    using sprawl = createSprawl();
    await sidecar.call('service/start', { spec: sprawl.spec });
    await sprawl.grown();
    const [guard, first] = await findGuards(sidecar.pid);
    process.kill(first, 'SIGKILL');
    await until(() => [findDeputy(sidecar.pid)].find((pid) => pid !== null && pid !== first), 'another deputy');
    expect(findGuard(sidecar.pid)).toBe(guard);
    // It is seen a moment before it is told what runs.
    await sidecar.call('sidecar/ping', {});
    for (const pid of [guard, sidecar.pid]) process.kill(pid, 'SIGKILL');
    expect(await sprawl.left()).toBe(0);
  });

  test('a deputy learns of another guard', async () => {
    await using sidecar = await start();
    await sidecar.call('service/start', { spec: { name: 'one', command: 'sleep', args: ['300'] } });
    const [first, deputy] = await findGuards(sidecar.pid);
    process.kill(first, 'SIGKILL');
    const second = await until(() => [findGuard(sidecar.pid)].find((pid) => pid !== null && pid !== first), 'another guard');
    onTestFinished(() => {
      if (!isGone(second)) process.kill(second, 'SIGKILL');
    });
    // It is told when that one was looked at, which this takes longer than.
    await sidecar.call('service/start', { spec: { name: 'two', command: 'sleep', args: ['300'] } });
    process.kill(second, 'SIGSTOP');
    sidecar.child.kill('SIGKILL');
    // Whoever waits for it wakes it; nobody else would.
    await until(() => [second, deputy].every(isGone), 'the end of both');
  });

  test('what left the cgroup of a service that crashed ends behind its restart', async (context) => {
    context.skip(containment !== 'cgroup' || !isRoot, 'only root leaves a cgroup');
    await using sidecar = await start();
    await using directory = await makeDirectory();
    const file = directory.at('pid');
    const leaves = `echo 0 > ${cgroupMount()}/cgroup.procs; echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 300`;
    const script = `[ -e ${file} ] && exec sleep 300; setsid sh -c '${leaves}' & until [ -e ${file} ]; do sleep 0.01; done; kill -9 $$`;
    const restart = { backoffMs: 0 };
    await sidecar.call('service/start', { spec: { name: 'api', command: 'sh', args: ['-c', script], restart }, waitFor: 'none' });
    const again = await until(async () => {
      const { service } = await sidecar.call('service/get', { name: 'api' });
      return service?.restarts === 1 && service.state === 'running' ? service : null;
    }, 'the restart');
    await until(() => isGone(Number(readFileSync(file, 'utf8'))), 'the end of what had left');
    expect((await sidecar.call('service/get', { name: 'api' })).service).toMatchObject({
      state: 'running',
      process: { pid: again.process?.pid },
    });
  });

  test('an orderly end leaves no guard, no deputy, no tree and no cgroup', async () => {
    const sidecar = await start();
    using sprawl = createSprawl();
    await sidecar.call('service/start', { spec: sprawl.spec });
    await sprawl.grown();
    const guards = await findGuards(sidecar.pid);
    const [, cgroup] = /^0::(.*)$/m.exec(readFileSync(`/proc/${sprawl.pids()[0]}/cgroup`, 'utf8')) ?? [];
    await sidecar.end();
    expect(sprawl.pids()).toEqual([]);
    await until(() => guards.every(isGone), 'the end of the guard and its deputy');
    if (containment === 'cgroup') {
      expect(cgroup).toContain(`sidewarden-${sidecar.pid}-`);
      expect(cgroupsOf(sidecar.pid)).toEqual([]);
    }
  });

  test('a guard that is killed is followed by another, which knows as much', async () => {
    await using sidecar = await start();
    using sprawl = createSprawl();
    await sidecar.call('service/start', { spec: sprawl.spec });
    await sprawl.grown();
    const first = findGuard(sidecar.pid) as number;
    process.kill(first, 'SIGKILL');
    const second = await until(() => [findGuard(sidecar.pid)].find((pid) => pid !== null && pid !== first), 'another guard');
    expect(second).not.toBe(first);
    // It is seen a moment before it is told what runs.
    await sidecar.call('sidecar/ping', {});
    sidecar.child.kill('SIGKILL');
    expect(await sprawl.left()).toBe(0);
  });

  test('what a sidecar leaves that is killed with its guard and its deputy is ended by the next one', async () => {
    await using directory = await makeDirectory();
    const options = { appId: 'containment.test', options: { stateDir: directory.path } };
    await using first = await startSidecar({
      initialize: { ...options },
      env: containment === 'cgroup' ? {} : { SIDEWARDEN_CGROUPS: 'off' },
    });
    using sprawl = createSprawl();
    await first.call('service/start', { spec: sprawl.spec });
    await sprawl.grown();
    await killWithGuards(first);
    expect(sprawl.pids()).toHaveLength(50);
    await using second = await start(options);
    await second.call('cleanup/run', { graceMs: 100 });
    expect(sprawl.pids()).toEqual([]);
  });

  only(containment !== 'processGroup' || hasNative, 'needs native calls (koffi) where there is no cgroup')(test)(
    'those that forget their session and environment end as well',
    async () => {
      await using sidecar = await start();
      using sprawl = createSprawl({ forget: true });
      await sidecar.call('service/start', { spec: sprawl.spec });
      await sprawl.grown();
      await sidecar.call('service/stop', { name: sprawl.spec.name });
      expect(sprawl.pids()).toEqual([]);
    },
  );

  test('neither the guard nor its deputy is ever killed on request', async () => {
    await using sidecar = await start();
    await sidecar.call('service/start', { spec: { name: 'one', command: 'sleep', args: ['300'] } });
    for (const pid of await findGuards(sidecar.pid)) {
      const { outcomes } = await sidecar.call('process/kill', { target: { kind: 'process', pid }, allowProtected: true });
      expect(outcomes).toMatchObject([{ outcome: 'protected', process: { pid } }]);
      expect(isGone(pid)).toBe(false);
    }
  });
});

test.each([
  ['guard', findGuard],
  ['deputy', findDeputy],
])('the %s of another live sidecar is as protected as that sidecar', async (_, find) => {
  await using sidecar = await startSidecar();
  await using other = await startSidecar({ initialize: { appId: 'other.test' } });
  await other.call('service/start', { spec: { name: 'one', command: 'sleep', args: ['300'] } });
  const isSpared = async (pid: number) => {
    const [outcome] = (await sidecar.call('process/kill', { target: { kind: 'process', pid }, dryRun: true })).outcomes;
    return outcome?.outcome === 'protected' && outcome.reason?.includes('live sidecar of other.test');
  };
  const first = await until(() => find(other.pid), 'it to be there');
  await until(() => isSpared(first), 'its protection');
  // The one that follows it too.
  process.kill(first, 'SIGKILL');
  const next = await until(() => [find(other.pid)].find((pid) => pid !== null && pid !== first), 'another one');
  await until(() => isSpared(next), 'the protection of the next');
});

test('a service has nothing of ours: no descriptor, and no variable that was meant for the sidecar', async () => {
  const meant = { ELECTRON_RUN_AS_NODE: '1', ELECTRON_NO_ASAR: '1', NODE_OPTIONS: '--no-warnings', VSCODE_PID: '1', NODE_UNIQUE_ID: '7' };
  await using sidecar = await startSidecar({ env: meant });
  // What holds descriptors: a socket, the ledger and its lock, the pipe of the guard.
  await sidecar.call('port/allocate', { hold: hasNative });
  await sidecar.call('service/start', { spec: { name: 'first', command: 'sleep', args: ['300'] } });
  const { service } = await sidecar.call('service/start', { spec: { name: 'second', command: 'sleep', args: ['300'] } });
  const of = `/proc/${service.process?.pid}`;
  // What whoever started the tests has leaked to all of us is not the sidecar’s.
  const leaked = new Set(listDescriptors('/proc/self').map(({ target }) => target));
  const own = listDescriptors(of).filter(({ fd, target }) => fd > 2 && !leaked.has(target));
  expect(own).toEqual([]);
  expect(listDescriptors(of).map(({ target }) => target)).toEqual(expect.arrayContaining(['/dev/null']));
  const names = readFileSync(`${of}/environ`, 'utf8')
    .split('\0')
    .map((variable) => variable.split('=')[0]);
  expect(names.filter((name) => name !== undefined && Object.hasOwn(meant, name))).toEqual([]);
  expect(names).toContain('SIDEWARDEN_START');
});

test('a descriptor that the host leaks does not reach a service, however high its number', async () => {
  await using directory = await makeDirectory();
  const leak = directory.at('leaked');
  const script = 'import os, sys\nos.dup2(os.open(sys.argv[1], os.O_CREAT | os.O_RDWR), 200)\nos.execvp(sys.argv[2], sys.argv[2:])';
  await using sidecar = await startSidecar({ under: [python as string, '-c', script, leak] });
  const has = (pid: number | undefined) => listDescriptors(`/proc/${pid}`).some(({ target }) => target === leak);
  // By exec it came to the sidecar, which would be no host's test otherwise.
  if (hasNative) expect(has(sidecar.pid)).toBe(true);
  for (const [name, env] of [
    ['cgroup', {}],
    ['shell variables', { 'BASH_FUNC_x%%': '() { :; }' }],
  ] as const) {
    const { service } = await sidecar.call('service/start', { spec: { name, command: 'sleep', args: ['300'], env } });
    expect(has(service.process?.pid)).toBe(false);
  }
  expect(listChildren(sidecar.pid).filter(has)).toEqual([]);
});

withKoffi(test)('an orphan that comes to the sidecar is collected when it ends', async () => {
  await using sidecar = await startSidecar();
  await using directory = await makeDirectory();
  const file = directory.at('end');
  // Lives until it was seen, however busy the machine.
  const args = ['-c', `sh -c "sh -c 'until [ -e ${file} ]; do sleep 0.1; done' orphan & exit 0"; sleep 300`];
  await sidecar.call('service/start', { spec: { name: 'one', command: 'sh', args } });
  const isOrphan = (pid: number) => readCommandLine(pid).endsWith('\u0000orphan\u0000');
  const orphan = await until(() => listChildren(sidecar.pid).find(isOrphan), 'the orphan');
  writeFileSync(file, '');
  await until(() => !listChildren(sidecar.pid).includes(orphan), 'its collection');
});

test('without services there is no guard, and no deputy', async () => {
  await using sidecar = await startSidecar();
  await sidecar.call('process/get', { target: { pid: process.pid } });
  expect([findGuard(sidecar.pid), findDeputy(sidecar.pid)]).toEqual([null, null]);
});

test('sidecars of one app leave each other their guards and deputies', async () => {
  await using directory = await makeDirectory();
  const initialize = { appId: 'one.test', options: { stateDir: directory.path } };
  await using first = await startSidecar({ initialize });
  await using second = await startSidecar({ initialize });
  for (const one of [first, second]) await one.call('service/start', { spec: { name: 'one', command: 'sleep', args: ['300'] } });
  const guards = [...(await findGuards(first.pid)), ...(await findGuards(second.pid))];
  for (const one of [first, second]) expect((await one.call('cleanup/run', { graceMs: 0 })).leftovers).toEqual([]);
  expect(guards.filter(isGone)).toEqual([]);
});

/** Nobody waits for the start of the deputy. */
async function findGuards(sidecarPid: number): Promise<[guard: number, deputy: number]> {
  return [findGuard(sidecarPid) as number, await until(() => findDeputy(sidecarPid), 'the deputy')];
}

const cgroupsOf = (sidecarPid: number) => readdirSync(cgroupMount()).filter((name) => name.startsWith(`sidewarden-${sidecarPid}-`));

async function listContainments(): Promise<('cgroup' | 'processGroup')[]> {
  await using sidecar = await startSidecar({ initialize: false });
  const { result } = await sidecar.request('initialize', {
    protocol: { min: 1, max: 1 },
    clientInfo: { name: 'test' },
    processId: null,
    appId: 'sidewarden.test',
    capabilities: {},
  });
  return (result as { capabilities: { containment: ('cgroup' | 'processGroup')[] } }).capabilities.containment;
}

function listDescriptors(directory: string): { fd: number; target: string }[] {
  return readdirSync(`${directory}/fd`).flatMap((fd) => {
    try {
      return [{ fd: Number(fd), target: readlinkSync(`${directory}/fd/${fd}`) }];
    } catch {
      // The one by which the directory was read.
      return [];
    }
  });
}

const listChildren = (pid: number) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

function readCommandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

/** Whoever has to collect it may take its time: a zombie is gone. */
function isGone(pid: number): boolean {
  try {
    readlinkSync(`/proc/${pid}/exe`);
    return false;
  } catch {
    return true;
  }
}

function cgroupMount(): string {
  const line = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .findLast((one) => one.includes(' - cgroup2 '));
  return (line as string).split(' ')[4] as string;
}
