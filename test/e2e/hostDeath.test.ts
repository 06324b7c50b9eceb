import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { needs } from '../harness/needs.ts';
import { helloParams, type StartOptions, startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';
import { playHostDeaths } from '../soak/hostDeath.ts';

/** The host is a shell between the test and the sidecar; the connection is the test’s, and outlives that shell. */
const host = ['sh', '-c', '"$@" & wait', 'host'];
/** Tells on stderr how the sidecar ended: nobody else can, once its host is dead. */
const teller = ['sh', '-c', '"$@"; echo "exit code $?" >&2', 'teller'];
const direct = { carrier: 'pipe', under: host, initialize: false } as const;
const through = { ...direct, under: [...host, ...teller] };

/** `initialize` with the shell as the host; gives the pid of the sidecar itself. */
async function hello(sidecar: TestSidecar, params: object = {}): Promise<number> {
  const { serverInfo } = await sidecar.call('initialize', { ...helloParams, processId: sidecar.pid, ...params });
  return serverInfo.pid;
}

describe('the host’s death, while somebody keeps the connection open', () => {
  test.each<[string, StartOptions]>([
    ['with native calls', {}],
    ['without', { env: { SIDEWARDEN_NATIVE: 'off' } }],
  ])('ends the sidecar with 1, and the report is the last line of its log; %s', async (_, options) => {
    await using sidecar = await startSidecar({ ...through, ...options });
    const pid = await hello(sidecar);
    sidecar.child.kill('SIGKILL');
    await until(() => !isAlive(pid), 'the sidecar to end', 5_000);
    await sidecar.exited;
    expect(sidecar.stderr()).toMatch(/exit code 1\n$/);
    expect(lastReport(sidecar)).toMatchObject({ ending: 'hostDeath', report: { ok: true, reason: 'hostDeath' } });
  });

  test('a service that ignores SIGTERM is killed within the 3 s, handlers are unavailable, a critical one makes it 3', async () => {
    await using sidecar = await startSidecar(through);
    const pid = await hello(sidecar, { capabilities: { shutdownHandlers: true } });
    await sidecar.call('shutdown/addHandler', { name: 'flush', critical: true });
    const spec = {
      name: 'stubborn',
      command: 'sh',
      args: ['-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done'],
      stop: { graceMs: 60_000 },
    };
    const { service } = await sidecar.call('service/start', { spec, waitFor: 'running' });
    const began = performance.now();
    sidecar.child.kill('SIGKILL');
    await until(() => !isAlive(pid) && !isAlive(service.process?.pid as number), 'both to end', 6_000);
    expect(performance.now() - began).toBeLessThan(6_000);
    await sidecar.exited;
    expect(sidecar.stderr()).toMatch(/exit code 3\n$/);
    expect(lastReport(sidecar)).toMatchObject({
      // It is ended in any case; a busy machine may see that too late.
      report: {
        ok: false,
        steps: [
          { name: 'flush', status: 'unavailable' },
          { name: 'stubborn', status: expect.stringMatching(/^(done|timeout)$/) },
          { name: 'ports' },
          { name: 'log' },
        ],
      },
    });
  });

  test('ends a shutdown soon that is under way, whatever its handlers still want', async () => {
    await using sidecar = await startSidecar(through);
    const pid = await hello(sidecar, { capabilities: { shutdownHandlers: true } });
    await sidecar.call('shutdown/addHandler', { name: 'hung', timeoutMs: 600_000 });
    sidecar.send({ jsonrpc: '2.0', id: 'down', method: 'shutdown', params: { reason: 'quit', deadlineMs: 600_000 } });
    await until(() => sidecar.hostCalls('host/runShutdownHandler').length === 1, 'the handler to run');
    sidecar.child.kill('SIGKILL');
    await until(() => !isAlive(pid), 'the sidecar to end', 10_000);
    await sidecar.exited;
    // It was answered, to whoever still reads.
    expect(sidecar.stderr()).toMatch(/exit code 0\n$/);
    expect(lastReport(sidecar)).toMatchObject({ report: { reason: 'quit', steps: [{ name: 'hung', status: 'unavailable' }, {}, {}] } });
  });

  test('is known also when it came before initialize was read, by a sidecar that was stopped', async () => {
    await using sidecar = await startSidecar(direct);
    const pid = await sidecarOf(sidecar);
    await sidecar.request('rpc.discover');
    process.kill(pid, 'SIGSTOP');
    await until(() => stateOf(pid) === 'T', 'it to stop');
    sidecar.send({ jsonrpc: '2.0', id: 'hello', method: 'initialize', params: { ...helloParams, processId: sidecar.pid } });
    sidecar.child.kill('SIGKILL');
    await until(() => !isAlive(sidecar.pid), 'the host to die');
    process.kill(pid, 'SIGCONT');
    await until(() => !isAlive(pid), 'the sidecar to end', 6_000);
  });

  test('is known after the sidecar itself was stopped and continued', async () => {
    await using sidecar = await startSidecar(direct);
    const pid = await hello(sidecar);
    process.kill(pid, 'SIGSTOP');
    await until(() => stateOf(pid) === 'T', 'it to stop');
    sidecar.child.kill('SIGKILL');
    await until(() => !isAlive(sidecar.pid), 'the host to die');
    process.kill(pid, 'SIGCONT');
    await until(() => !isAlive(pid), 'the sidecar to end', 6_000);
  });

  test('by --clientProcessId, before initialize', async () => {
    // The shell tells its own pid.
    const under = ['sh', '-c', '"$@" --clientProcessId $$ & wait', 'host'];
    await using sidecar = await startSidecar({ ...direct, under });
    const pid = await sidecarOf(sidecar);
    await sidecar.request('rpc.discover');
    sidecar.child.kill('SIGKILL');
    await until(() => !isAlive(pid), 'the sidecar to end', 6_000);
  });
});

test('a wrapper that dies between host and sidecar is not the host', async () => {
  const patient = ['sh', '-c', '"$@" & wait; while :; do sleep 1; done', 'host'];
  await using sidecar = await startSidecar({ ...direct, under: [...patient, ...teller] });
  const pid = await sidecarOf(sidecar);
  await sidecar.request('rpc.discover');
  const between = parentOf(pid);
  process.kill(between, 'SIGKILL');
  await until(() => parentOf(pid) !== between, 'it to get another parent');
  const { hostWatch } = await sidecar.call('initialize', { ...helloParams, processId: sidecar.pid });
  expect(hostWatch).not.toBe('none');
  expect(await sidecar.call('process/wait', { target: { pid: sidecar.pid }, timeoutMs: 600 })).toMatchObject({ exited: false });
  sidecar.child.kill('SIGKILL');
  await until(() => !isAlive(pid), 'the sidecar to end', 6_000);
});

test.each<[string, StartOptions]>([
  ['with native calls', {}],
  ['without', { env: { SIDEWARDEN_NATIVE: 'off' } }],
])('a host that is stopped is not dead; %s', async (_, options) => {
  await using sidecar = await startSidecar({ ...direct, ...options });
  const pid = await hello(sidecar);
  sidecar.child.kill('SIGSTOP');
  await until(() => stateOf(sidecar.pid) === 'T', 'the host to stop');
  expect(await sidecar.call('process/wait', { target: { pid: sidecar.pid }, timeoutMs: 700 })).toMatchObject({ exited: false });
  expect(await sidecar.call('sidecar/ping', {})).toHaveProperty('at');
  sidecar.child.kill('SIGCONT');
  expect(isAlive(pid)).toBe(true);
});

test('a host that may neither be signalled nor seen lives', async ({ skip }) => {
  needs.root(skip);
  needs.namespaces(skip);
  const hide = 'mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --clear-groups "$@"';
  const shell = ['sh', '-c', 'exec 3<&0; "$@" <&3 & wait', 'host'];
  const under = [...shell, 'unshare', '-m', 'sh', '-c', hide, 'sh'];
  await using sidecar = await startSidecar({ under, initialize: false, env: { SIDEWARDEN_NATIVE: 'off' } });
  const { hostWatch, serverInfo } = await sidecar.call('initialize', { ...helloParams, processId: sidecar.pid });
  expect(hostWatch).toBe('pid');
  // Longer than it takes to look for the host several times.
  expect(await sidecar.call('process/wait', { target: { pid: serverInfo.pid }, timeoutMs: 900 })).toMatchObject({ exited: false });
  expect(isAlive(serverInfo.pid)).toBe(true);
});

test('ten hosts killed at random moments leave nothing, half of them with a service that ignores SIGTERM', async () => {
  // How fast is for npm run soak, on a quiet machine: here it has to come to an end, which a sidecar that stays does not.
  await playHostDeaths(10);
}, 120_000);

const sidecarOf = (sidecar: TestSidecar) => until(() => descendants(sidecar.pid).find(isSidecar), 'the sidecar to start');

/** Not a shell that has yet to become it, and not one that carries its command line. */
function isSidecar(pid: number): boolean {
  const [program = '', script = ''] = readOrEmpty(`/proc/${pid}/cmdline`).split('\0');
  return program === process.execPath && /bin\.[jt]s$/.test(script);
}

function descendants(pid: number): number[] {
  const children = readOrEmpty(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return [...children, ...children.flatMap(descendants)];
}

function lastReport(sidecar: TestSidecar): unknown {
  const lines = sidecar
    .stderr()
    .split('\n')
    .filter((line) => line.startsWith('{'));
  return JSON.parse(lines.at(-1) as string);
}

const stateOf = (pid: number) => /\) (\S) /.exec(readOrEmpty(`/proc/${pid}/stat`))?.[1];
const parentOf = (pid: number) => Number(/\) \S (\d+) /.exec(readOrEmpty(`/proc/${pid}/stat`))?.[1]);

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
