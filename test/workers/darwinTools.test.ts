import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { shareCandidates } from '../../src/workers/candidates.ts';
import { runTool, runToolHere } from '../../src/workers/exec.ts';
import { createDarwin } from '../../src/workers/platform/darwin/index.ts';
import { systemTools, type Tools } from '../../src/workers/platform/darwin/tools.ts';
import { createDarwinWaiter } from '../../src/workers/platform/darwin/waiter.ts';
import { psColumns } from '../../src/workers/platform/parse/psTable.ts';
import type { Platform } from '../../src/workers/platform/types.ts';
import { checkPort } from '../../src/workers/tasks/checkPort.ts';
import { listHeldPorts } from '../../src/workers/tasks/heldPorts.ts';
import { listProcesses } from '../../src/workers/tasks/listProcesses.ts';
import { readSockets } from '../../src/workers/tasks/readSockets.ts';
import { scanOwners } from '../../src/workers/tasks/scanOwners.ts';
import { only } from '../harness/only.ts';
import { standIn } from '../harness/standIn.ts';
import { until } from '../harness/until.ts';
import { start, startZombie } from './processScenes.ts';
import { listen } from './socketScenes.ts';

/*
 * The platform macOS without native calls, by real tools: ps(1) of procps and lsof(8) know the columns and fields that macOS’ own are
 * asked for. netstat(1) prints otherwise here, so a script stands in for it that prints what netstat of macOS would.
 */

const path = (name: string): string => spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
const found: Tools =
  process.platform === 'darwin'
    ? systemTools
    : { ps: path('ps'), lsof: path('lsof'), netstat: '/missing/netstat', sysctl: '/missing/sysctl' };
const hasPs = found.ps !== '' && !spawnSync(found.ps, ['-ax', ...psColumns]).status;
const hasLsof = found.lsof !== '' && existsSync(found.lsof);

const withTools = (tools: Partial<Tools>): Platform => createDarwin({ native: false, tools: { ...found, ...tools } });

const netstatLine = (protocol: string, local: string, state = '') => `${protocol}       0      0  ${local}   *.*    ${state}`;
const prints = (...lines: string[]) => standIn(`cat <<'END'`, 'Active Internet connections (including servers)', ...lines, 'END');

only(hasPs, 'needs a ps(1) that knows the columns of macOS')(describe)('processes by ps(1)', () => {
  test('this one, its parent, and those of others', async () => {
    const { processes } = withTools({});
    const self = await processes.describe(process.pid);
    expect(self).toMatchObject({
      pid: process.pid,
      ppid: process.ppid,
      user: { id: process.geteuid?.() },
      visibility: 'partial',
      executable: null,
    });
    expect(Math.abs((self?.startedAt ?? 0) - (Date.now() - process.uptime() * 1_000))).toBeLessThan(3_000);
    expect(self?.rssBytes).toBeGreaterThan(10_000_000);
    expect(await processes.describe(1)).toMatchObject({ pid: 1, user: { id: 0, name: 'root' } });
    const { processes: listed } = await listProcesses({ filter: { pids: [process.pid, 1] }, limit: 10 }, withTools({}));
    expect(listed.map(({ pid }) => pid)).toEqual([1, process.pid]);
    expect((await processes.readParents()).get(process.pid)).toBe(process.ppid);
  });

  test('there is none of that pid: null, everywhere', async () => {
    const { processes, signals } = withTools({});
    for (const pid of [0, -1, 2 ** 31, 1.5, await goneProcess()]) {
      expect(await processes.describe(pid), String(pid)).toBeNull();
      expect(await processes.identify(pid)).toBeNull();
      expect(await processes.sample(pid)).toBeNull();
      expect(signals.hold(pid, 'd-1-1')).toEqual({ kind: 'gone' });
    }
  });

  test('CPU time and memory', { timeout: 60_000 }, async () => {
    const { processes } = withTools({});
    expect((await processes.sample(process.pid))?.rssBytes).toBeGreaterThan(10_000_000);
    const { pid } = await start('sh', ['-c', 'while :; do :; done']);
    // ps of procps tells whole seconds.
    await until(async () => ((await processes.sample(pid))?.cpuMs ?? 0) >= 1_000, 'a second of CPU time', 50_000);
  });

  test('two looks at CPU time are two runs of ps, however long each takes, and each tells its own time', async () => {
    const ps = await standIn('sleep 0.3', `exec ${found.ps} "$@"`);
    const { processes } = withTools({ ps });
    const first = await Promise.all([processes.sample(process.pid), processes.sample(process.ppid)]);
    // One run for both.
    expect(first[0]?.atMs).toBe(first[1]?.atMs);
    const second = await until(async () => {
      const sample = await processes.sample(process.pid);
      return sample?.atMs === first[0]?.atMs ? null : sample;
    }, 'a later look');
    expect(second.atMs - (first[0]?.atMs ?? 0)).toBeGreaterThan(300);
  });

  test('a zombie is one, names its parent, and is not signalled', async () => {
    const { pid, parent } = await startZombie();
    const { processes, signals } = withTools({});
    await until(async () => (await processes.describe(pid))?.status === 'zombie', 'a zombie');
    const { identity } = (await processes.describe(pid)) ?? { identity: '' };
    expect(signals.hold(pid, identity)).toEqual({ kind: 'zombie', ppid: parent.pid });
    expect(signals.send({ pid, identity, handle: null }, 'SIGTERM')).toBe('gone');
    expect(await processes.identify(pid)).toBeNull();
  });

  test('only who is meant is signalled; stopped is seen, and gone on with', async () => {
    const { processes, signals } = withTools({});
    const { pid, child } = await start('sleep', ['600']);
    const identity = (await processes.identify(pid)) as string;
    expect(
      signals.send({ pid, identity: identity.replace(/\d$/, (digit) => String((Number(digit) + 5) % 10)), handle: null }, 'SIGKILL'),
    ).toBe('identityMismatch');
    expect(signals.send({ pid, identity, handle: null }, 'SIGSTOP')).toBe('sent');
    await until(() => signals.atRest(pid), 'it stops');
    expect((await processes.describe(pid))?.status).toBe('stopped');
    expect(signals.send({ pid, identity, handle: null }, 'SIGCONT')).toBe('sent');
    await until(() => signals.atRest(pid) === null, 'it goes on');
    const kin = signals.readKin().find((one) => one.pid === pid);
    expect(kin).toMatchObject({ ppid: process.pid });
    expect(signals.send({ pid, identity, handle: null }, 'SIGTERM')).toBe('sent');
    await until(() => child.signalCode === 'SIGTERM', 'it ends');
    expect(signals.send({ pid, identity, handle: null }, 'SIGTERM')).toBe('gone');
    expect(() => signals.send({ pid, identity, handle: null }, 'SIGNONE')).toThrow(/no signal/);
  });

  test('an end is waited for; of another process it has long been', async () => {
    const waiter = createDarwinWaiter({ native: false, clock: systemClock, tools: found });
    onTestFinished(() => waiter.close());
    const { pid, kill } = await start('sleep', ['600']);
    const identity = (await withTools({}).processes.identify(pid)) as string;
    expect(await waiter.waitForExit({ pid, identity: 'd-1-1' }, AbortSignal.timeout(20_000))).toEqual({ kind: 'exited' });
    const abort = new AbortController();
    const given = waiter.waitForExit({ pid, identity }, abort.signal);
    const exit = waiter.waitForExit({ pid, identity }, AbortSignal.timeout(20_000));
    abort.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    await kill();
    expect(await exit).toEqual({ kind: 'exited' });
    const open = waiter.waitForExit({ pid: process.pid }, AbortSignal.timeout(20_000));
    await new Promise(setImmediate);
    await waiter.close();
    await expect(open).rejects.toMatchObject({ failure: { kind: 'ShuttingDown' } });
  });
});

describe('a ps(1) that does not answer as it should is no answer', () => {
  test.each([
    ['it is missing', null, 'Unsupported', /missing/],
    ['it fails', ['echo "ps: cannot get process list" >&2; exit 1'], 'Unsupported', /ended with 1 \(ps: cannot get process list\)/],
    ['it prints another form', ['echo "  PID TTY TIME CMD"'], 'Unsupported', /form/],
    ['it is killed', ['kill -9 $$'], 'Unsupported', /killed/],
  ])('%s', async (_, lines, kind, sentence) => {
    const { processes, signals } = withTools({ ps: lines === null ? '/missing/ps' : await standIn(...lines) });
    const failure = { failure: expect.objectContaining({ kind, message: expect.stringMatching(sentence) }) };
    await expect(processes.describe(1)).rejects.toMatchObject(failure);
    await expect(processes.listPids()).rejects.toMatchObject(failure);
    expect(() => signals.readKin()).toThrow(expect.objectContaining(failure));
    expect(() => signals.hold(1, 'd-1-1')).toThrow(expect.objectContaining(failure));
  });

  test('while it cannot be asked, nobody is taken to have ended', async () => {
    const waiter = createDarwinWaiter({ native: false, clock: systemClock, tools: { ...found, ps: await standIn('exit 3') } });
    onTestFinished(() => waiter.close());
    await expect(waiter.waitForExit({ pid: process.pid }, AbortSignal.timeout(20_000))).rejects.toMatchObject({
      failure: { kind: 'Unsupported' },
    });
  });
});

describe('a tool', () => {
  const about = { capability: 'sockets', platform: 'darwin' };

  test.each([
    ['that hangs is ended, with the children that hold its output open', ['sleep 300 & sleep 300'], { timeoutMs: 200 }, 'TimedOut'],
    ['that never stops printing is ended', ['exec yes'], { mostBytes: 100_000 }, 'Unsupported'],
  ])('%s', async (_, lines, limits, kind) => {
    const order = { path: await standIn(...lines), args: [], about, ...limits };
    await expect(runTool(order)).rejects.toMatchObject({ failure: { kind } });
  });

  test('that hangs is ended at once as well where the thread waits', async () => {
    const order = { path: await standIn('exec sleep 300'), args: [], about, timeoutMs: 200 };
    expect(() => runToolHere(order)).toThrow(expect.objectContaining({ failure: expect.objectContaining({ kind: 'TimedOut' }) }));
    expect(() => runToolHere({ ...order, path: '/missing/tool' })).toThrow(/missing/);
  });

  test('gets its arguments as they are, and the language and time zone of no country', async () => {
    const order = { path: await standIn('printf "%s|" "$@" "$LC_ALL" "$TZ"; echo oops >&2; exit 7'), args: ['a b', '$(id)', ''], about };
    for (const end of [await runTool(order), runToolHere(order)])
      expect({ ...end, stdout: Buffer.from(end.stdout).toString() }).toEqual({ code: 7, stdout: 'a b|$(id)||C|UTC0|', stderr: 'oops\n' });
  });
});

describe('sockets by netstat(1), whatever stands in for it', () => {
  test('listeners, UDP, what is bound and idle; each place once', async () => {
    const netstat = await prints(
      netstatLine('tcp46', '*.8080', 'LISTEN'),
      netstatLine('tcp4', '127.0.0.1.8080', 'LISTEN'),
      netstatLine('tcp4', '127.0.0.1.8080', 'LISTEN'),
      netstatLine('tcp4', '127.0.0.1.9000', 'CLOSED'),
      netstatLine('tcp4', '127.0.0.1.8080', 'TIME_WAIT'),
      netstatLine('udp4', '*.5353'),
    );
    const { sockets } = withTools({ netstat });
    const rows = await sockets.read({ protocols: ['tcp'], withBoundTcp: true });
    expect(rows.map(({ address, port, state, dualStack }) => [address, port, state, dualStack])).toEqual([
      ['::', 8_080, 'listen', true],
      ['127.0.0.1', 8_080, 'listen', false],
      ['127.0.0.1', 9_000, 'bound', false],
    ]);
    expect(await sockets.read({ protocols: ['tcp'], port: 9_000 })).toEqual([]);
    expect(await sockets.lookup('tcp', '10.1.2.3', 8_080)).toMatchObject({ address: '::' });
    expect(await sockets.lookup('tcp', '10.1.2.3', 9_000)).toBeNull();
    expect((await sockets.readClosing(8_080)).counts['timeWait']).toBe(1);
  });

  test('a port is in use when somebody has it on an address that overlaps, although a bind would pass', async () => {
    const { sockets } = withTools({ netstat: await prints(netstatLine('tcp4', '127.0.0.1.18080', 'LISTEN')) });
    const platform = { sockets } as Platform;
    expect(await checkPort({ protocol: 'tcp', port: 18_080, hosts: null }, platform)).toMatchObject({ inUse: true, canBind: false });
    if (process.platform !== 'linux') return;
    // All of 127.0.0.0/8 is local there alone.
    const beside = await checkPort({ protocol: 'tcp', port: 18_080, hosts: ['127.0.0.2'] }, platform);
    expect(beside).toMatchObject({ inUse: false, canBind: true });
  });

  test('a netstat(1) that fails is no empty table', async () => {
    const failing = [await standIn('echo "netstat: sysctl: not permitted" >&2; exit 1'), '/missing/netstat'];
    for (const netstat of failing)
      await expect(withTools({ netstat }).sockets.read({ protocols: ['tcp'] })).rejects.toMatchObject({ failure: { kind: 'Unsupported' } });
  });
});

describe('owners by lsof(8)', () => {
  async function ask(platform: Platform, port: number) {
    const { rows, candidates } = await readSockets({ protocols: ['tcp'], port }, platform);
    if (candidates === null) return { rows, owners: null };
    const keys = rows.map(({ key }) => key);
    return { rows, owners: (await scanOwners({ keys, work: shareCandidates(candidates) }, platform)).owners.map(({ pid }) => pid) };
  }

  only(hasPs && hasLsof, 'needs lsof(8), and a ps(1) that knows the columns of macOS')(test)(
    'a listener is found with the process that has it, and no client of it',
    async () => {
      await using server = await listen({ host: '127.0.0.1' });
      const netstat = await prints(netstatLine('tcp4', `127.0.0.1.${server.port}`, 'LISTEN'));
      const platform = withTools(process.platform === 'darwin' ? {} : { netstat });
      await start('sh', ['-c', 'exec sleep 600 3<&0'], { stdio: [0, 'pipe', 'inherit'] });
      expect((await ask(platform, server.port)).owners).toEqual([process.pid]);
      expect((await listHeldPorts([process.pid], platform)).get(process.pid)).toContain(server.port);
    },
  );

  only(hasPs && hasLsof, 'needs lsof(8), and a ps(1) that knows the columns of macOS')(test)(
    'a place that nobody here holds has no owner: it is hidden, and not free',
    async () => {
      const netstat = await prints(netstatLine('tcp4', '127.0.0.1.18081', 'LISTEN'));
      const { rows, owners } = await ask(withTools({ netstat }), 18_081);
      expect(rows).toHaveLength(1);
      expect(owners).toEqual([]);
    },
  );

  only(hasPs, 'needs a ps(1) that knows the columns of macOS')(test)('none, could not look, and cannot look are told apart', async () => {
    const netstat = await prints(netstatLine('tcp4', '127.0.0.1.18081', 'LISTEN'));
    const none = withTools({ netstat, lsof: await standIn('exit 1') });
    expect((await ask(none, 18_081)).owners).toEqual([]);
    const refused = withTools({ netstat, lsof: await standIn('echo "lsof: kernel access denied" >&2; exit 1') });
    await expect(ask(refused, 18_081)).rejects.toMatchObject({
      failure: { kind: 'Unsupported', message: expect.stringContaining('kernel access denied') },
    });
    const missing = withTools({ netstat, lsof: '/missing/lsof' });
    expect((await ask(missing, 18_081)).owners).toBeNull();
  });
});

test('what cannot be known is not claimed, and not silently nothing', async () => {
  await expect(listProcesses({ filter: { sid: 1 }, limit: 10 }, withTools({}))).rejects.toMatchObject({
    failure: { kind: 'Unsupported', data: { capability: 'session' } },
  });
  expect(withTools({}).probeCapabilities()).toMatchObject({
    native: false,
    nativeProblem: 'Native calls are switched off.',
    socketSource: 'command',
    portOwners: process.geteuid?.() === 0 ? 'all' : 'ownUser',
    killIdentity: 'checked',
  });
  expect(withTools({}).processes.readVariable(process.pid, 'PATH')).toBeNull();
});

/** The pid of a process that has ended and was collected. */
async function goneProcess(): Promise<number> {
  const { pid, kill } = await start('true');
  await kill();
  return pid;
}
