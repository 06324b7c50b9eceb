import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';
import { createGrow } from '../../src/server/processes/growth.ts';
import { createKill, type KillOptions } from '../../src/server/processes/kill.ts';
import { createLadder } from '../../src/server/processes/ladder.ts';
import { createPool, type Pool } from '../../src/workers/pool.ts';
import { createWaiter } from '../../src/workers/waiter.ts';
import { onLinux } from '../harness/only.ts';
import { spawnProgram } from '../harness/processes.ts';
import { until } from '../harness/until.ts';
import { nativeModes } from './processScenes.ts';

const directory = mkdtempSync(join(tmpdir(), 'sidewarden-dying-'));
const fault = join(directory, 'fault');
const silent = { warn() {}, error() {}, info() {}, debug() {} } as never;

beforeAll(() => {
  process.env['SIDEWARDEN_TEST_FAULT'] = fault;
});
afterEach(() => rmSync(fault, { force: true }));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const ways = [
  ...nativeModes.map((native) => ({ native, target: 'looked up by the step' as const })),
  { native: nativeModes[0] as boolean, target: 'looked up before' as const },
];

onLinux(describe).each(ways)('a thread that dies while it signals, native $native, a target $target', (way) => {
  test.each(['before hold 1', 'before SIGTERM 1', 'after SIGTERM 1', 'before SIGCONT 1', 'after SIGCONT 1'])(
    '%s: the step is taken up again, nothing is signalled twice',
    async (point) => {
      await using scene = createScene(way);
      await using target = await spawnProgram([
        process.execPath,
        '-e',
        "process.on('SIGTERM', () => console.log('term')); process.on('SIGUSR1', () => console.log('end')); console.log('ready'); process.stdin.resume()",
      ]);
      await scene.warmUp(target.pid);
      const before = countPidfds();
      writeFileSync(fault, point);
      const [outcome] = await scene.kill(target.pid, { tree: false, force: false, graceMs: 100 });
      expect(outcome).toMatchObject({ outcome: 'survived', signal: 'SIGTERM' });
      expect(() => readFileSync(fault)).toThrow();
      // Who died on the brink of the call may have sent it: then it is not sent again. Everybody else’s signal arrives once.
      target.child.kill('SIGUSR1');
      const said = [await target.line()];
      while (said.at(-1) !== 'end') said.push(await target.line());
      expect(said).toEqual(point === 'before SIGTERM 1' ? ['end'] : ['term', 'end']);
      await until(() => countPidfds() === before, 'the handles to be closed');
    },
  );

  test.each(['before SIGKILL 1', 'after SIGKILL 1'])('%s: it is killed all the same', async (point) => {
    await using scene = createScene(way);
    await using target = await spawnProgram(['sh', '-c', "trap '' TERM; echo ready; while read line; do :; done"]);
    await scene.warmUp(target.pid);
    const before = countPidfds();
    writeFileSync(fault, point);
    const [outcome] = await scene.kill(target.pid, { tree: false, graceMs: 50 });
    expect(outcome).toMatchObject({ outcome: 'killed', signal: 'SIGKILL' });
    await until(() => countPidfds() === before, 'the handles to be closed');
  });

  test.each([
    'before hold 1',
    'before SIGSTOP 1',
    'after SIGSTOP 1',
    'before readKin 1',
    'after readKin 1',
    'before hold 2',
    'before hold 3',
    'after SIGSTOP 3',
    'after readKin 2',
    'before SIGTERM 2',
    'after SIGTERM 3',
    'before SIGCONT 2',
    'after SIGCONT 3',
  ])('%s of a tree: all of it is found, and nobody stays stopped', async (point) => {
    await using scene = createScene(way);
    await using root = await spawnProgram(['sh', '-c', "trap '' TERM; sleep 300 & sleep 300 & echo ready; read line"]);
    const pids = await scene.tree(root.pid);
    expect(pids).toHaveLength(3);
    const before = countPidfds();
    writeFileSync(fault, point);
    const outcomes = await scene.kill(root.pid, { force: false, graceMs: 150 });
    expect(() => readFileSync(fault)).toThrow();
    expect(outcomes.map(({ process: { pid }, outcome }) => `${pid} ${outcome}`).sort()).toEqual(
      pids.map((pid) => `${pid} survived`).sort(),
    );
    for (const pid of pids) expect(stateOf(pid)).not.toBe('T');
    await until(() => countPidfds() === before, 'the handles to be closed');

    expect((await scene.kill(root.pid, { graceMs: 50 })).map(({ outcome }) => outcome)).toEqual(['killed', 'killed', 'killed']);
    await until(() => countPidfds() === before, 'the handles to be closed');
  });
});

onLinux(test)('a kill asks the wall clock for nothing: setting it changes nothing', async () => {
  await using scene = createScene(
    { native: true, target: 'looked up by the step' },
    {
      ...systemClock,
      now: () => {
        throw new Error('the wall clock was asked');
      },
    },
  );
  await using target = await spawnProgram(['sh', '-c', "trap '' TERM; echo ready; read line"]);
  await scene.warmUp(target.pid);
  expect(await scene.kill(target.pid, { graceMs: 50 })).toMatchObject([{ outcome: 'killed' }]);
});

const gatherProtection = async () => ({ known: {} });

function createScene({ native, target }: (typeof ways)[number], clock = systemClock) {
  const pool: Pool = createPool({
    platformName: 'linux',
    native,
    threads: 2,
    idleTimeoutMs: 1_000,
    entry: new URL('../fixtures/threads/dying.ts', import.meta.url),
    clock,
    log: silent,
  });
  const waiter = createWaiter({ platform: 'linux', native, clock });
  const kill = createKill({ pool, ladder: createLadder(pool, waiter, clock), grow: createGrow(pool), gatherProtection, clock });
  const describeOne = async (pid: number): Promise<ProcessInfo> =>
    (await pool.run('describeProcesses', { targets: [{ pid }] })).processes[0] as ProcessInfo;
  return {
    /** The first native calls of a process leave a descriptor or two open for good. */
    warmUp: describeOne,
    tree: async (pid: number) => {
      const found = await until(async () => {
        const { processes } = await pool.run('walkTree', { root: { pid } });
        return processes.filter(({ name }) => name === 'sleep').length === 2 ? processes : null;
      }, 'the tree to stand');
      return found.map((info) => info.pid);
    },
    kill: async (pid: number, options: Partial<KillOptions>) =>
      kill({
        ...(target === 'looked up before' ? { roots: [await describeOne(pid)] } : { roots: [], meant: { pid } }),
        options: { tree: true, signal: 'SIGTERM', graceMs: 5_000, force: true, allowProtected: false, ...options },
        protection: { known: {} },
        signal: new AbortController().signal,
      }),
    async [Symbol.asyncDispose]() {
      await waiter.close();
      await pool.close();
    },
  };
}

/** Handles on processes that this process has open. */
function countPidfds(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('pidfd');
    } catch {
      return false;
    }
  }).length;
}

const stateOf = (pid: number): string => /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1] ?? '';
