import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { KillOutcome } from '../../src/protocol/types/kill.ts';
import { needs } from '../harness/needs.ts';
import { onLinux } from '../harness/only.ts';
import { nodeProgram, pythonProgram, spawnProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

onLinux(describe)('trees', () => {
  test('some 200 that keep forking end whole, also those that lead sessions', async (context) => {
    needs.python(context.skip);
    await using sidecar = await startSidecar();
    await using root = await spawnProgram(pythonProgram('forest', 'storm'), { under: ['setsid'], env: { SIDEWARDEN_TEST_TREE: 'storm' } });
    await until(async () => (await treeOf(sidecar, root.pid)).length > 150, 'growth', 40_000);
    const outcomes = await kill(sidecar, root.pid, { graceMs: 300 });
    expect(outcomes.length).toBeGreaterThan(150);
    expect(outcomes.filter(({ outcome }) => outcome !== 'killed' && outcome !== 'exited' && outcome !== 'gone')).toEqual([]);
    expect(livingWith('SIDEWARDEN_TEST_TREE=storm')).toEqual([]);
  }, 120_000);

  test('a daemon belongs to the tree while its dead parent is not collected', async (context) => {
    needs.python(context.skip);
    await using sidecar = await startSidecar();
    await using root = await spawnProgram(pythonProgram('forest', 'daemon'));
    const daemon = Number(root.ready.split(' ')[0]);
    await until(() => stateOf(daemon) === 'S', 'the daemon');
    expect((await kill(sidecar, root.pid, { graceMs: 50 })).map(({ process: { pid } }) => pid).sort()).toEqual([root.pid, daemon].sort());
    expect(stateOf(daemon)).toMatch(/^[ZX]?$/);
  });

  test('the target shares group, session and cgroup with a bystander and the host: both live', async () => {
    await using sidecar = await startSidecar({ initialize: { processId: process.pid } });
    await using bystander = await spawnProgram(nodeProgram('idle'));
    await using target = await spawnProgram(['sh', '-c', 'sleep 300 & echo ready; wait']);
    const { process: one } = await sidecar.call('process/get', { target: { pid: bystander.pid } });
    const { process: other } = await sidecar.call('process/get', { target: { pid: target.pid } });
    expect([one?.pgid, one?.sid]).toEqual([other?.pgid, other?.sid]);
    expect(await kill(sidecar, target.pid)).toHaveLength(2);
    expect(stateOf(bystander.pid)).toBe('S');
    expect(await sidecar.call('sidecar/ping', {})).toHaveProperty('at');
  });

  test('a protected descendant is spared, and what is below it, and neither was stopped', async () => {
    await using sidecar = await startSidecar();
    const directory = mkdtempSync(join(tmpdir(), 'sidewarden-engine-'));
    const engine = join(directory, 'containerd-shim-runc-v2');
    copyFileSync('/bin/bash', engine);
    try {
      // The session is the root’s: only what is below the engine is spared of it.
      const script = `${engine} -c 'sleep 301 & wait' & sleep 302 & echo ready; wait`;
      await using root = await spawnProgram(['sh', '-c', script], { under: ['setsid'] });
      const tree = await until(async () => {
        const found = await treeOf(sidecar, root.pid);
        // A child is its shell’s copy until it has become its program.
        const haveBecome = ['301', '302'].every((argument) => found.some(({ commandLine }) => commandLine?.at(-1) === argument));
        return found.length === 4 && haveBecome ? found : null;
      }, 'the tree to stand');
      const pidOf = (argument: string) => tree.find(({ commandLine }) => commandLine?.includes(argument))?.pid as number;
      const [shim, below, other] = [tree.find(({ executable }) => executable === engine)?.pid as number, pidOf('301'), pidOf('302')];
      try {
        const outcomes = await kill(sidecar, root.pid);
        expect(outcomes.find(({ process: { pid } }) => pid === shim)).toMatchObject({
          outcome: 'protected',
          reason: expect.stringMatching(/stop the container/),
        });
        expect(outcomes.map(({ process: { pid } }) => pid).sort()).toEqual([root.pid, shim, other].sort());
        expect([stateOf(shim), stateOf(below)]).toEqual(['S', 'S']);
        expect(await kill(sidecar, shim, { allowProtected: true })).toHaveLength(2);
      } finally {
        for (const pid of [shim, below]) if (stateOf(pid) === 'S') process.kill(pid, 'SIGKILL');
      }
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test.each([
    ['force is not wanted', { force: false, graceMs: 50 }, 'survived'],
    ['it is stopped before', { graceMs: 50 }, 'killed'],
  ] as const)('nobody is left stopped when %s', async (why, options, outcome) => {
    await using sidecar = await startSidecar();
    await using root = await spawnProgram(['sh', '-c', "trap '' TERM; sleep 300 & sleep 300 & echo ready; read line"]);
    const tree = await until(async () => {
      const found = await treeOf(sidecar, root.pid);
      return found.filter(({ name }) => name === 'sleep').length === 2 ? found : null;
    }, 'the tree to stand');
    if (why === 'it is stopped before') for (const { pid } of tree) process.kill(pid, 'SIGSTOP');
    expect((await kill(sidecar, root.pid, options)).map((one) => one.outcome)).toEqual([outcome, outcome, outcome]);
    for (const { pid } of tree) expect(stateOf(pid)).toMatch(outcome === 'survived' ? /^S$/ : /^[ZX]?$/);
    if (outcome === 'survived') await kill(sidecar, root.pid, { graceMs: 0 });
  });

  test('a kill that is cancelled leaves nobody stopped', async () => {
    await using sidecar = await startSidecar();
    await using root = await spawnProgram(['sh', '-c', "trap '' TERM; sleep 300 & sleep 300 & echo ready; read line"]);
    const tree = await until(async () => {
      const found = await treeOf(sidecar, root.pid);
      return found.filter(({ name }) => name === 'sleep').length === 2 ? found : null;
    }, 'the tree to stand');
    for (let round = 0; round < 10; round += 1) {
      const answer = sidecar.request('process/kill', { target: { kind: 'process', pid: root.pid }, graceMs: 60_000 }, `k${round}`);
      // In the same breath in the first round, while it is under way in the others.
      for (let pings = 0; pings < round; pings += 1) await sidecar.call('sidecar/ping', {});
      sidecar.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: `k${round}` } });
      const { error, result } = await answer;
      if (error) expect(error.code).toBe(-32_800);
      else
        expect((result as { outcomes: KillOutcome[] }).outcomes.map(({ outcome }) => outcome)).toEqual([
          'survived',
          'survived',
          'survived',
        ]);
      for (const { pid } of tree) expect(stateOf(pid)).toBe('S');
    }
    await kill(sidecar, root.pid, { graceMs: 0 });
  });

  test('500 kills leave no descriptor open, however they end', async () => {
    await using sidecar = await startSidecar();
    const count = () => readdirSync(`/proc/${sidecar.pid}/fd`).length;
    const round = async (number: number): Promise<void> => {
      await using target = await spawnProgram(['sh', '-c', `${number % 5 === 0 ? "trap '' TERM; " : ''}echo ready; read line`]);
      const identity = number % 7 === 0 ? { identity: 'nobody' } : {};
      await kill(sidecar, target.pid, { ...identity, graceMs: 10, force: number % 3 !== 0, tree: number % 2 === 0 });
    };
    // At once, so that every thread has begun.
    await Promise.all(Array.from({ length: 20 }, (_, number) => round(number)));
    const before = count();
    for (let number = 0; number < 500; number += 10) await Promise.all(Array.from({ length: 10 }, (_, index) => round(number + index)));
    await until(() => count() <= before, `no more than ${before} descriptors, and not ${count()}`);
  }, 120_000);
});

async function kill(sidecar: TestSidecar, pid: number, { identity, ...options }: Record<string, unknown> = {}): Promise<KillOutcome[]> {
  const target = { kind: 'process', pid, ...(identity !== undefined && { identity }) };
  const { result, error } = await sidecar.request('process/kill', { target, ...options });
  if (error) throw new Error(error.message);
  return (result as { outcomes: KillOutcome[] }).outcomes;
}

async function treeOf(sidecar: TestSidecar, pid: number) {
  const { processes } = await sidecar.call('process/tree', { root: { pid } });
  return processes.filter(({ status }) => status !== 'zombie');
}

/** The kernel’s letter; empty when it is gone. */
function stateOf(pid: number): string {
  try {
    return /\) (\S)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1] ?? '';
  } catch {
    return '';
  }
}

function livingWith(variable: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && !/^[ZX]?$/.test(stateOf(pid)) && hasVariable(pid, variable));
}

function hasVariable(pid: number, variable: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable);
  } catch {
    return false;
  }
}
