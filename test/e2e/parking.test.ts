import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ServiceSpec, ServiceStatus } from '../../src/protocol/types/service.ts';
import { makeDirectory } from '../harness/directory.ts';
import { only } from '../harness/only.ts';
import { hasNative, startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

/* What is to be restarted without a pause finds its cgroup and its shell ready: one entry is parked, used once, and never left behind. */

const canPark = hasNative && (await hasCgroups());
const restart = { policy: 'always', backoffMs: 0, maxRestarts: -1 } as const;
const sleeps = { command: 'sleep', args: ['300'], restart };

only(canPark, 'needs native calls (koffi) and cgroups of our own')(describe)('a parked entry', () => {
  test('becomes what is restarted, with everything as it was at the first start, in a cgroup of its own', async () => {
    await using directory = await makeDirectory();
    await using sidecar = await startSidecar({ env: { INHERITED: ' of the host ', REMOVED: 'x' } });
    const env = {
      EMPTY: '',
      QUOTED: `'"$HOME \`id\` \\ \\n`,
      BLANKS: '  a  b  ',
      EQUALS: '=a=b',
      UNICODE: 'ünï 💥',
      PWD: '/odd',
      OLDPWD: '/older',
      REMOVED: null,
    };
    const args = ['-e', tellAll, '--', '', ' a  b ', '\'"$`\\', '-n', '.', ':x', '*', 'ünï 💥'];
    const name = 'api';
    await sidecar.call('service/start', { spec: { name, command: process.execPath, args, env, cwd: directory.path, restart } });
    const first = await said(sidecar, name, 1);
    const parked = await parkedOf(sidecar);
    const before = await crash(sidecar, name);
    const second = await said(sidecar, name, 2);
    const { process: after, containment } = await running(sidecar, name, before);
    expect(after?.pid).toBe(parked);
    expect(containment).toBe('cgroup');
    expect({ ...second, start: '' }).toEqual({ ...first, start: '' });
    expect(second.args).toEqual(args.slice(3));
    expect([second.cwd, second.env.INHERITED, second.env.PWD, second.env.OLDPWD]).toEqual([
      directory.path,
      ' of the host ',
      '/odd',
      '/older',
    ]);
    expect(second.env).not.toHaveProperty('REMOVED');
    expect([first.start, second.start].map((cgroup) => cgroup.length > 40)).toEqual([true, true]);
    expect(first.start).not.toBe(second.start);
    // It ends with all that it has started, like any other.
    expect(await parkedOf(sidecar)).not.toBe(parked);
    await sidecar.call('service/stop', { name });
    expect(isAlive(parked)).toBe(false);
  });

  test('is left for another where a line cannot say what is ordered', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: { name: 'a', command: 'sh', args: ['-c', 'true\nexec sleep 300'], restart } });
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'b' } });
    const parked = await parkedOf(sidecar);
    const before = await crash(sidecar, 'a');
    expect((await running(sidecar, 'a', before)).process?.pid).not.toBe(parked);
    expect(await parkedOf(sidecar)).toBe(parked);
  });

  test('is used once, and says why when what it was taken for is not there', async () => {
    await using directory = await makeDirectory();
    await using sidecar = await startSidecar();
    for (const name of ['a', 'b']) await sidecar.call('service/start', { spec: { ...sleeps, name } });
    const parked = await parkedOf(sidecar);
    const before = await Promise.all(['a', 'b'].map((name) => crash(sidecar, name)));
    const after = await Promise.all(['a', 'b'].map((name, index) => running(sidecar, name, before[index] as number)));
    const pids = after.map(({ process }) => process?.pid);
    expect(new Set(pids).size).toBe(2);
    expect(pids).toContain(parked);
    await parkedOf(sidecar);
    const cwd = directory.at('gone');
    mkdirSync(cwd);
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'c', cwd, restart: { ...restart, maxRestarts: 1 } } });
    await parkedOf(sidecar);
    rmdirSync(cwd);
    await crash(sidecar, 'c');
    const { cause } = await until(async () => {
      const { service } = await sidecar.call('service/get', { name: 'c' });
      return service?.state === 'fatal' ? service : null;
    }, 'c to be given up');
    expect(cause).toContain(`The working directory ${cwd} does not exist`);
    await until(() => cgroupsOf(sidecar.pid).length === (findParked(sidecar.pid) === null ? 2 : 3), 'no cgroup without a process');
  });

  test('that is killed is not missed', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'a' } });
    const parked = await parkedOf(sidecar);
    process.kill(parked, 'SIGKILL');
    await until(() => cgroupsOf(sidecar.pid).length === 1, 'the end of its cgroup');
    const before = await crash(sidecar, 'a');
    await running(sidecar, 'a', before);
    expect(await parkedOf(sidecar)).not.toBe(parked);
  });

  test('goes with the last service that might need it', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'a' } });
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'b', restart: { policy: 'always' } } });
    const parked = await parkedOf(sidecar);
    await sidecar.call('service/stop', { name: 'a' });
    expect(isAlive(parked)).toBe(false);
    expect(cgroupsOf(sidecar.pid)).toHaveLength(1);
  });

  test('is asked by the signal of the service that it has become', async () => {
    await using directory = await makeDirectory();
    await using sidecar = await startSidecar();
    const script = `trap 'echo asked > ${directory.at('asked')}; exit' USR1; echo ready; while :; do sleep 0.05; done`;
    const stop = { signal: 'SIGUSR1', graceMs: 5_000 } as const;
    await sidecar.call('service/start', { spec: { name: 'a', command: 'sh', args: ['-c', script], restart, stop } });
    const parked = await parkedOf(sidecar);
    const before = await crash(sidecar, 'a');
    expect((await running(sidecar, 'a', before)).process?.pid).toBe(parked);
    await until(async () => (await sidecar.call('service/logs', { name: 'a' })).lines.length === 2, 'its trap');
    sidecar.child.kill('SIGKILL');
    await until(() => existsSync(directory.at('asked')), 'to be asked by the guard');
    await until(() => !isAlive(parked), 'its end');
  });

  test('holds nobody up when somebody has stopped it', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'a' } });
    const parked = await parkedOf(sidecar);
    process.kill(parked, 'SIGSTOP');
    await sidecar.call('service/stop', { name: 'a' });
    expect(isAlive(parked)).toBe(false);
    expect(cgroupsOf(sidecar.pid)).toEqual([]);
  });

  test('ends with the sidecar, however that ends, and so does its cgroup', async () => {
    await using sidecar = await startSidecar();
    await sidecar.call('service/start', { spec: { ...sleeps, name: 'a' } });
    const parked = await parkedOf(sidecar);
    sidecar.child.kill('SIGKILL');
    await sidecar.exited;
    await until(() => !isAlive(parked), 'the end of what is parked');
    await until(() => cgroupsOf(sidecar.pid).length === 0, 'the end of the cgroups');
  });
});

const tellAll = `const { env, argv } = process; const { SIDEWARDEN_START: start, ...rest } = env;
const cgroup = require('fs').readFileSync('/proc/self/cgroup', 'utf8').split('0::')[1].trim();
console.log(JSON.stringify({ args: argv.slice(1), cwd: process.cwd(), env: rest, start: start + cgroup })); setInterval(() => {}, 1e9);`.replaceAll(
  '\n',
  ' ',
);

interface Told {
  args: string[];
  cwd: string;
  env: Record<string, string>;
  /** The mark, and the cgroup. */
  start: string;
}

async function said(sidecar: TestSidecar, name: string, count: number): Promise<Told> {
  const line = await until(async () => (await sidecar.call('service/logs', { name })).lines[count - 1], `line ${count} of ${name}`);
  return JSON.parse(line.text);
}

/** Gives the pid that it had. */
async function crash(sidecar: TestSidecar, name: string): Promise<number> {
  const { service } = await sidecar.call('service/get', { name });
  const pid = service?.process?.pid as number;
  process.kill(pid, 'SIGKILL');
  return pid;
}

const running = (sidecar: TestSidecar, name: string, before: number): Promise<ServiceStatus> =>
  until(async () => {
    const { service } = await sidecar.call('service/get', { name });
    return service?.state === 'running' && service.process && service.process.pid !== before ? service : null;
  }, `${name} to run again`);

const parkedOf = (sidecar: TestSidecar): Promise<number> => until(() => findParked(sidecar.pid), 'an entry to be parked');

/** One that sleeps inside, and so has said that it is there. */
function findParked(sidecarPid: number): number | null {
  const children = readFileSync(`/proc/${sidecarPid}/task/${sidecarPid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const isParked = (pid: number) =>
    readOr(`/proc/${pid}/cmdline`).startsWith('sidewarden-parked\0') &&
    readOr(`/proc/${pid}/cgroup`).includes('/sidewarden-') &&
    readOr(`/proc/${pid}/stat`).includes(') S ');
  return children.find(isParked) ?? null;
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Of the starts of a sidecar. */
function cgroupsOf(sidecarPid: number): string[] {
  const mount = cgroupMount();
  const [own] = mount === undefined ? [] : readdirSync(mount).filter((name) => name.startsWith(`sidewarden-${sidecarPid}-`));
  if (own === undefined || !existsSync(`${mount}/${own}`)) return [];
  return readdirSync(`${mount}/${own}`, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

/** Below which this process may make its own. */
function cgroupMount(): string | undefined {
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .find((line) => line.split(' ')[2] === 'cgroup2')
    ?.split(' ')[1];
  const path = readFileSync('/proc/self/cgroup', 'utf8').split('0::')[1]?.trim();
  return mount && path ? `${mount}${path === '/' ? '' : path}` : undefined;
}

async function hasCgroups(): Promise<boolean> {
  await using sidecar = await startSidecar();
  const spec: ServiceSpec = { name: 'probe', command: 'sleep', args: ['300'] };
  return (await sidecar.call('service/start', { spec })).service.containment === 'cgroup';
}
