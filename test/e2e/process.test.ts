import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Params } from '../../src/protocol/methods/index.ts';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';
import { needs } from '../harness/needs.ts';
import { onLinux } from '../harness/only.ts';
import { nodeProgram, type Program, pythonProgram, spawnProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(() => sidecar?.[Symbol.asyncDispose]());

/** Waits for its input, under the name cat. */
const cat = (): Promise<Program> => spawnProgram(['sh', '-c', 'echo ready; exec cat']);

/** A parent that never reaps its child; both end with their input. */
async function spawnUnreaped(): Promise<Program & { childPid: number }> {
  const parent = await spawnProgram(['sh', '-c', 'exec 3<&0; cat <&3 >/dev/null & echo $!; exec cat']);
  return { ...parent, childPid: Number(parent.ready) };
}

async function get(target: Params<'process/get'>['target']): Promise<ProcessInfo | null> {
  return (await sidecar.call('process/get', { target })).process;
}

async function getNow(pid: number): Promise<ProcessInfo> {
  const found = await get({ pid });
  if (found === null) throw new Error(`process ${pid} is not there`);
  return found;
}

const stranger = (identity: string): string => identity.replace(/\d+$/, (digits) => String(Number(digits) + 1));

onLinux(describe)('process/get', () => {
  test('says who we are', async () => {
    const { name, executable, commandLine, cwd, user, status, startedAt, rssBytes, ...rest } = await getNow(process.pid);
    expect(rest).toMatchObject({ pid: process.pid, ppid: process.ppid, visibility: 'full', identity: expect.stringMatching(/./) });
    expect({ executable, cwd, user }).toEqual({
      executable: process.execPath,
      cwd: process.cwd(),
      user: { id: process.geteuid?.(), name: expect.any(String) },
    });
    expect(commandLine?.length).toBeGreaterThan(0);
    expect(name).not.toBe('');
    expect(['running', 'sleeping']).toContain(status);
    expect(Math.abs(startedAt - performance.timeOrigin)).toBeLessThan(5_000);
    expect(rssBytes).toBeGreaterThan(10_000_000);
  });

  test('gone, never was, a thread’s id: null', async () => {
    const ended = await cat();
    await ended.kill();
    const threads = readdirSync('/proc/self/task').map(Number);
    const thread = threads.find((tid) => tid !== process.pid) as number;
    for (const pid of [ended.pid, 0, 4_194_305, 4_294_967_295, thread]) expect(await get({ pid }), `pid ${pid}`).toBeNull();
  });

  test('a guard that does not fit is null: another identity, or a start more than 2 s away', async () => {
    const { pid, identity, startedAt } = await getNow(process.pid);
    expect(await get({ pid, identity, startedAt })).toMatchObject({ pid });
    expect(await get({ pid, startedAt: startedAt - 1_900 })).toMatchObject({ pid });
    expect(await get({ pid, startedAt: startedAt + 1_900 })).toMatchObject({ pid });
    expect(await get({ pid, startedAt: startedAt - 2_100 })).toBeNull();
    expect(await get({ pid, startedAt: startedAt + 2_100 })).toBeNull();
    expect(await get({ pid, identity: stranger(identity) })).toBeNull();
    expect(await get({ pid, identity: 'no identity at all' })).toBeNull();
    expect(await get({ pid: process.ppid, identity })).toBeNull();
  });

  test('an identity is understood with native calls and without, both ways', async () => {
    await using plain = await startSidecar({ env: { SIDEWARDEN_NATIVE: 'off' } });
    const { pid, identity } = await getNow(process.pid);
    const { process: seen } = await plain.call('process/get', { target: { pid, identity } });
    expect(seen).toMatchObject({ pid });
    expect(await get({ pid, identity: seen?.identity as string })).toMatchObject({ pid });
  });

  test('a zombie is one, and has nothing left to show', async () => {
    await using parent = await spawnUnreaped();
    const before = await getNow(parent.childPid);
    process.kill(parent.childPid, 'SIGKILL');
    await sidecar.call('process/wait', { target: { pid: parent.childPid }, timeoutMs: 10_000 });
    const zombie = await getNow(parent.childPid);
    expect(zombie).toMatchObject({
      status: 'zombie',
      name: 'cat',
      ppid: parent.pid,
      identity: before.identity,
      executable: null,
      commandLine: null,
      visibility: 'full',
    });
    expect((await sidecar.request('process/usage', { target: { pid: parent.childPid } })).error).toMatchObject({
      code: 1001,
      data: { kind: 'NotFound' },
    });
  });

  test.each([
    ['no target', {}, 'target'],
    ['a pid in words', { target: { pid: '1' } }, 'target.pid'],
    ['a negative pid', { target: { pid: -1 } }, 'target.pid'],
    ['an empty identity', { target: { pid: 1, identity: '' } }, 'target.identity'],
  ])('%s is InvalidParams', async (_name, params, path) => {
    expect((await sidecar.request('process/get', params)).error).toMatchObject({ code: -32602, data: { issues: [{ path }] } });
  });
});

onLinux(describe)('process/list', () => {
  const list = async (params: Params<'process/list'>): Promise<number[]> =>
    (await sidecar.call('process/list', params)).processes.map(({ pid }) => pid);

  test('each filter, and all that are given must match', async () => {
    await using one = await spawnProgram(['setsid', 'sh', '-c', 'echo ready; exec cat']);
    await using two = await cat();
    const ours = [one.pid, two.pid].sort((left, right) => left - right);
    expect(await list({ filter: { pids: [two.pid, one.pid, one.pid, 4_194_305] } })).toEqual(ours);
    expect(await list({ filter: { ppid: process.pid, name: 'cat' } })).toEqual(expect.arrayContaining(ours));
    expect(await list({ filter: { pgid: one.pid } })).toEqual([one.pid]);
    expect(await list({ filter: { sid: one.pid } })).toEqual([one.pid]);
    expect(await list({ filter: { pids: ours, name: 'cat' } })).toEqual(ours);
    expect(await list({ filter: { pids: ours, name: 'ca' } })).toEqual([]);
    expect(await list({ filter: { pids: ours, sid: one.pid } })).toEqual([one.pid]);
    expect(await list({ filter: { pids: ours, ownerTag: 'nobody’s' } })).toEqual([]);
    expect(await list({ filter: { pids: [] } })).toEqual([]);
    expect(await list({ limit: 5_000 })).toEqual(expect.arrayContaining([...ours, process.pid, sidecar.pid]));
  });

  test('pages of any size give the same, by pid', async ({ skip }) => {
    needs.python(skip);
    await using family = await spawnProgram(pythonProgram('family', 5, 1));
    const pids = (JSON.parse(family.ready) as number[][]).map(([pid]) => pid as number).sort((left, right) => left - right);
    for (const limit of [1, 2, 3, 5, 6, 7]) {
      const found: number[] = [];
      for (let cursor: string | undefined, isLast = false; !isLast; ) {
        const page = await sidecar.call('process/list', { filter: { pids }, limit, ...(cursor !== undefined && { cursor }) });
        found.push(...page.processes.map(({ pid }) => pid));
        cursor = page.nextCursor;
        isLast = cursor === undefined;
      }
      expect(found, `limit ${limit}`).toEqual(pids);
    }
  });

  test.each([
    ['an unknown filter, because a misspelt one would widen it', { filter: { pidss: [1] } }],
    ['null as a filter', { filter: { ppid: null } }],
    ['limit 0', { limit: 0 }],
    ['a foreign cursor', { cursor: 'x' }],
  ])('%s is InvalidParams', async (_name, params) => {
    expect((await sidecar.request('process/list', params)).error).toMatchObject({ code: -32602, data: { kind: 'InvalidParams' } });
  });
});

onLinux(describe)('process/tree', () => {
  test('a family with its depths, parents first', async ({ skip }) => {
    needs.python(skip);
    await using root = await spawnProgram(pythonProgram('family', 2, 2));
    const family = JSON.parse(root.ready) as [pid: number, ppid: number, depth: number][];
    expect(family).toHaveLength(7);
    const { processes } = await sidecar.call('process/tree', { root: { pid: root.pid } });
    const byPid = (rows: number[][]) => [...rows].sort(([left = 0], [right = 0]) => left - right);
    expect(byPid(processes.map(({ pid, ppid, depth }) => [pid, ppid, depth]))).toEqual(byPid(family));
    processes.forEach(({ ppid, depth }, index) => {
      if (depth > 0) expect(processes.findIndex(({ pid }) => pid === ppid)).toBeLessThan(index);
    });
    expect(processes[0]).toMatchObject({ pid: root.pid, depth: 0 });
  });

  test('a root that is gone is NotFound, another one IdentityMismatch', async () => {
    const ended = await cat();
    await ended.kill();
    expect((await sidecar.request('process/tree', { root: { pid: ended.pid } })).error).toMatchObject({
      code: 1001,
      data: { kind: 'NotFound', what: expect.stringContaining(String(ended.pid)) },
    });
    const { pid, identity } = await getNow(process.pid);
    const expected = stranger(identity);
    for (const [method, params] of [
      ['process/tree', { root: { pid, identity: expected } }],
      ['process/usage', { target: { pid, identity: expected } }],
    ] as const) {
      expect((await sidecar.request(method, params)).error).toMatchObject({
        code: 1005,
        data: { kind: 'IdentityMismatch', expected, actual: identity },
      });
    }
  });
});

onLinux(describe)('process/usage', () => {
  test('a busy one, an idle one, and the busy one’s whole tree', async () => {
    await using tree = await spawnProgram(['sh', '-c', 'exec 3<&0; "$@" <&3 & exec cat', 'sh', ...nodeProgram('busy')]);
    const { processes } = await sidecar.call('process/tree', { root: { pid: tree.pid } });
    const busyPid = processes[1]?.pid as number;
    const usage = (pid: number, more: object = {}) => sidecar.call('process/usage', { target: { pid }, intervalMs: 500, ...more });
    const [busy, idle, whole] = await Promise.all([usage(busyPid), usage(tree.pid), usage(tree.pid, { tree: true })]);
    // Of one core that it may have to share with whatever else runs here.
    expect(busy.cpuPercent).toBeGreaterThan(15);
    expect(busy.cpuPercent).toBeLessThan(150);
    expect(busy).toMatchObject({ processes: 1 });
    expect(busy.rssBytes).toBeGreaterThan(10_000_000);
    expect(Math.abs(busy.sampledAt - Date.now())).toBeLessThan(10_000);
    expect(idle.cpuPercent).toBeLessThan(5);
    expect(whole.processes).toBe(2);
    expect(whole.cpuPercent).toBeGreaterThan(15);
    expect(whole.rssBytes).toBeGreaterThan(idle.rssBytes);
  });

  test('of a process that ends meanwhile it is NotFound', async () => {
    await using ending = await cat();
    const asked = sidecar.request('process/usage', { target: { pid: ending.pid }, intervalMs: 300 });
    await sidecar.call('port/find', { port: 1 });
    await ending.kill();
    expect((await asked).error).toMatchObject({ code: 1001 });
  });

  test.each([9, 60_001, 10.5])('an interval of %d ms is InvalidParams', async (intervalMs) => {
    expect((await sidecar.request('process/usage', { target: { pid: 1 }, intervalMs })).error).toMatchObject({ code: -32602 });
  });
});

onLinux(describe)('process/wait', () => {
  test('answers promptly when the process ends, to all who wait, reaped or not', async () => {
    await using one = await cat();
    await using unreaped = await spawnUnreaped();
    const { identity } = await getNow(one.pid);
    const waits = [{ pid: one.pid }, { pid: one.pid, identity }, { pid: unreaped.childPid }].map((target) =>
      sidecar.call('process/wait', { target, timeoutMs: 20_000 }),
    );
    await sidecar.call('sidecar/ping', {});
    const killedAt = performance.now();
    process.kill(unreaped.childPid, 'SIGKILL');
    await one.kill();
    for (const answer of await Promise.all(waits)) expect(answer).toMatchObject({ exited: true, exitCode: null, signal: null });
    expect(performance.now() - killedAt).toBeLessThan(2_000);
  });

  test('one that is gone, or another than the one meant, has exited', async () => {
    const ended = await cat();
    await ended.kill();
    const { pid, identity, startedAt } = await getNow(process.pid);
    for (const target of [{ pid: ended.pid }, { pid, identity: stranger(identity) }, { pid, startedAt: startedAt - 10_000 }]) {
      const { exited, elapsedMs } = await sidecar.call('process/wait', { target, timeoutMs: 20_000 });
      expect({ target, exited }).toEqual({ target, exited: true });
      expect(elapsedMs).toBeLessThan(2_000);
    }
  });

  test('one that lives on is not exited, after the time', async () => {
    const { exited, elapsedMs } = await sidecar.call('process/wait', { target: { pid: process.pid }, timeoutMs: 150 });
    expect(exited).toBe(false);
    expect(elapsedMs).toBeGreaterThanOrEqual(149);
    expect(await sidecar.call('process/wait', { target: { pid: process.pid }, timeoutMs: 0 })).toMatchObject({ exited: false });
  });

  test('stopped is not ended', async () => {
    await using stopped = await cat();
    stopped.child.kill('SIGSTOP');
    expect(await sidecar.call('process/wait', { target: { pid: stopped.pid }, timeoutMs: 100 })).toMatchObject({ exited: false });
    expect(await getNow(stopped.pid)).toMatchObject({ status: 'stopped' });
  });

  test('256 wait at once, the 257th is Overloaded, and looks are not kept out', async () => {
    await using target = await cat();
    const ids = Array.from({ length: 257 }, (_, index) => `wait ${index}`);
    const params = { target: { pid: target.pid }, timeoutMs: 60_000 };
    sidecar.sendBytes(Buffer.concat(ids.map((id) => sidecar.frame({ jsonrpc: '2.0', id, method: 'process/wait', params }))));
    expect((await sidecar.answerTo('wait 256')).error).toMatchObject({
      code: 1011,
      data: { kind: 'Overloaded', retryAfterMs: expect.any(Number) },
    });
    expect(await getNow(target.pid)).toMatchObject({ name: 'cat' });
    await target.kill();
    for (const id of ids.slice(0, 256)) expect((await sidecar.answerTo(id)).result).toMatchObject({ exited: true });
    expect(await sidecar.call('process/wait', params)).toMatchObject({ exited: true });
  });
});
