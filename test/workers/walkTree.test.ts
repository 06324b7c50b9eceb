import { describe, expect, test } from 'vitest';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';
import { createLinuxProcesses } from '../../src/workers/platform/linux/processes.ts';
import type { Platform, Processes } from '../../src/workers/platform/types.ts';
import { sampleUsage } from '../../src/workers/tasks/sampleUsage.ts';
import { walkTree } from '../../src/workers/tasks/walkTree.ts';
import { onLinux } from '../harness/only.ts';
import { nativeModes, start, startProgram, startZombie } from './processScenes.ts';

onLinux(describe).each(nativeModes)('a tree of processes, native %s', (native) => {
  const platform = { processes: createLinuxProcesses({ native }) } as Platform;

  test('has all descendants, parents first, with their depth', async () => {
    const root = await startProgram('tree.mjs', ['2', '2']);
    const { processes } = await walkTree({ root: { pid: root.pid } }, platform);
    expect(processes.map(({ depth }) => depth)).toEqual([0, 1, 1, 2, 2, 2, 2]);
    expect(processes[0]).toMatchObject({ pid: root.pid, depth: 0 });
    for (const [index, { ppid }] of processes.entries()) {
      if (index > 0) expect(processes.slice(0, index).map(({ pid }) => pid)).toContain(ppid);
    }
    const { samples } = await sampleUsage({ target: { pid: root.pid }, tree: true }, platform);
    expect(samples.map(({ ref }) => ref.pid)).toEqual(processes.map(({ pid }) => pid));
  });

  test('lists a zombie among them', async () => {
    const { pid, parent } = await startZombie();
    const { processes } = await walkTree({ root: { pid: parent.pid } }, platform);
    expect(processes.map((entry) => entry.pid)).toEqual([parent.pid, pid]);
  });

  test('never has a stranger in it while processes come and go', async () => {
    const root = await start('sh', ['-c', 'while :; do (sleep 0 & sleep 0; wait) & sleep 0; done']);
    for (let round = 0; round < 30; round++) {
      const { processes } = await walkTree({ root: { pid: root.pid } }, platform);
      const known = new Set<number>();
      for (const { pid, ppid, depth } of processes) {
        expect(depth === 0 ? pid === root.pid : known.has(ppid)).toBe(true);
        known.add(pid);
      }
    }
  });

  test('needs its root to be the one meant', async () => {
    const root = await startProgram('idle.mjs');
    const startedAt = ((await platform.processes.describe(root.pid)) as ProcessInfo).startedAt;
    await expect(walkTree({ root: { pid: root.pid, startedAt: startedAt + 5_000 } }, platform)).rejects.toMatchObject({
      failure: { kind: 'IdentityMismatch', data: { expected: `started at ${startedAt + 5_000}`, actual: `started at ${startedAt}` } },
    });
    await root.kill();
    await expect(walkTree({ root: { pid: root.pid } }, platform)).rejects.toMatchObject({
      failure: { kind: 'NotFound', data: { what: `process ${root.pid}` } },
    });
  });
});

describe('a tree that changes while it is walked', () => {
  const info = (pid: number, ppid: number, startedAt: number): ProcessInfo => ({
    pid,
    ppid,
    startedAt,
    identity: `${pid}@${startedAt}`,
    name: 'x',
    executable: null,
    commandLine: [],
    cwd: null,
    user: null,
    status: 'sleeping',
    rssBytes: 0,
    visibility: 'full',
  });

  /** What is listed as parents first, and what each process turns out to be when it is looked at. */
  const walk = async (parents: [number, number][], found: ProcessInfo[], identities: Record<number, string> = {}) => {
    const byPid = new Map(found.map((entry) => [entry.pid, entry]));
    const processes: Partial<Processes> = {
      readParents: () => new Map(parents),
      describe: (pid) => byPid.get(pid) ?? null,
      identify: (pid) => identities[pid] ?? byPid.get(pid)?.identity ?? null,
      sameIdentity: (left, right) => left === right,
    };
    const tree = await walkTree({ root: { pid: 10 } }, { processes } as Platform);
    return tree.processes.map(({ pid }) => pid);
  };

  test.each<[string, Parameters<typeof walk>, number[]]>([
    ['a child that is one still', [[[11, 10]], [info(10, 1, 5), info(11, 10, 5)]], [10, 11]],
    ['a child that ended', [[[11, 10]], [info(10, 1, 5)]], [10]],
    ['a child whose pid is another’s now', [[[11, 10]], [info(10, 1, 5), info(11, 1, 9)]], [10]],
    ['a “child” older than its parent', [[[11, 10]], [info(10, 1, 5), info(11, 10, 4)]], [10]],
    [
      'a parent whose pid is another’s now',
      [
        [
          [11, 10],
          [12, 11],
        ],
        [info(10, 1, 5), info(11, 10, 6), info(12, 11, 7)],
        { 11: '11@8' },
      ],
      [10, 11],
    ],
    ['a parent that ended', [[[11, 10]], [info(10, 1, 5), info(11, 10, 6)], { 10: 'none' }], [10]],
    [
      'pids that go round in a circle',
      [
        [
          [11, 10],
          [10, 11],
        ],
        [info(10, 11, 5), info(11, 10, 5)],
      ],
      [10, 11],
    ],
  ])('%s', async (_, scene, pids) => {
    expect(await walk(...scene)).toEqual(pids);
  });
});
