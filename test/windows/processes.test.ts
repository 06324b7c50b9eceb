import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

/* Processes of Windows, through the built sidecar: who they are, when they end, and how they are ended. */

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(async () => {
  await sidecar[Symbol.asyncDispose]();
});

test('process/get tells who a process is, and the same again', async () => {
  await using program = await spawnProgram(nodeProgram('idle', 'an argument', 'say "so"', 'C:\\a b\\'));
  const { process: found } = await sidecar.call('process/get', { target: { pid: program.pid } });
  expect(found).toMatchObject({
    pid: program.pid,
    ppid: process.pid,
    name: 'node.exe',
    executable: process.execPath,
    cwd: process.cwd(),
    status: 'running',
    visibility: 'full',
  });
  expect(found?.commandLine?.slice(-3)).toEqual(['an argument', 'say "so"', 'C:\\a b\\']);
  expect(Math.abs((found?.startedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  expect(found?.rssBytes).toBeGreaterThan(1_000_000);
  const again = await sidecar.call('process/get', { target: { pid: program.pid } });
  expect(again.process?.identity).toBe(found?.identity);
});

test('none of that pid is null, and an identity of another process is no match', async () => {
  await using program = await spawnProgram(nodeProgram('idle'));
  const { process: other } = await sidecar.call('process/get', { target: { pid: sidecar.pid } });
  const identity = other?.identity ?? '';
  expect(await sidecar.call('process/get', { target: { pid: program.pid, identity } })).toEqual({ process: null });
  await program.kill();
  expect(await sidecar.call('process/get', { target: { pid: program.pid } })).toEqual({ process: null });
});

test('process/list and process/tree know children', async () => {
  await using program = await spawnProgram(nodeProgram('tree', 1, 2));
  const { processes } = await sidecar.call('process/list', { filter: { ppid: program.pid } });
  expect(processes.map(({ ppid }) => ppid)).toEqual([program.pid, program.pid]);
  const tree = await sidecar.call('process/tree', { root: { pid: program.pid } });
  expect(tree.processes.map(({ depth }) => depth)).toEqual([0, 1, 1]);
});

test('process/usage of one that works', async () => {
  await using program = await spawnProgram(nodeProgram('busy'));
  const usage = await sidecar.call('process/usage', { target: { pid: program.pid }, intervalMs: 300 });
  expect(usage.cpuPercent).toBeGreaterThan(1);
  expect(usage.rssBytes).toBeGreaterThan(1_000_000);
});

test('process/wait answers when it ends', async () => {
  await using program = await spawnProgram(nodeProgram('idle'));
  const waiting = sidecar.call('process/wait', { target: { pid: program.pid }, timeoutMs: 20_000 });
  await sidecar.call('sidecar/ping', {});
  await program.kill();
  expect(await waiting).toMatchObject({ exited: true });
});

test('process/wait answers at the end of its time', async () => {
  await using program = await spawnProgram(nodeProgram('idle'));
  expect(await sidecar.call('process/wait', { target: { pid: program.pid }, timeoutMs: 100 })).toMatchObject({ exited: false });
});

test('process/kill ends the tree by TerminateProcess, and says so', async () => {
  await using program = await spawnProgram(nodeProgram('tree', 1, 2));
  const { processes } = await sidecar.call('process/tree', { root: { pid: program.pid } });
  expect(processes).toHaveLength(3);
  const { outcomes } = await sidecar.call('process/kill', { target: { kind: 'process', pid: program.pid }, graceMs: 30_000 });
  expect(outcomes.map(({ process: { pid } }) => pid).sort()).toEqual(processes.map(({ pid }) => pid).sort());
  for (const outcome of outcomes) expect(outcome).toMatchObject({ outcome: 'killed', rung: 'terminate', signal: 'SIGKILL' });
  for (const { pid } of processes) expect(isAlive(pid)).toBe(false);
});

test('without force nobody is touched whom Windows has no way to ask', async () => {
  await using program = await spawnProgram(nodeProgram('idle'));
  const { outcomes } = await sidecar.call('process/kill', { target: { kind: 'process', pid: program.pid }, force: false });
  expect(outcomes).toMatchObject([{ outcome: 'survived', reason: expect.stringContaining('no way to ask') }]);
  expect(isAlive(program.pid)).toBe(true);
});

test('a dry run says what would be done in the end: TerminateProcess, or nothing', async () => {
  await using program = await spawnProgram(nodeProgram('idle'));
  const target = { kind: 'process', pid: program.pid } as const;
  const { outcomes } = await sidecar.call('process/kill', { target, dryRun: true });
  expect(outcomes).toMatchObject([{ outcome: 'planned', reason: expect.stringContaining('TerminateProcess at once') }]);
  const gentle = await sidecar.call('process/kill', { target, dryRun: true, force: false });
  expect(gentle.outcomes).toMatchObject([{ outcome: 'planned', reason: expect.stringMatching(/nothing/i) }]);
  expect(isAlive(program.pid)).toBe(true);
});

test('nobody else is killed: another identity, the sidecar itself, the system', async () => {
  await using program = await spawnProgram(nodeProgram('idle'));
  const { process: found } = await sidecar.call('process/get', { target: { pid: program.pid } });
  const identity = `${found?.identity}0`;
  const kill = (target: { pid: number; identity?: string }) =>
    sidecar.call('process/kill', { target: { kind: 'process', ...target }, allowProtected: true });
  expect((await kill({ pid: program.pid, identity })).outcomes).toMatchObject([{ outcome: 'identityMismatch' }]);
  expect((await kill({ pid: sidecar.pid })).outcomes).toMatchObject([{ outcome: 'protected' }]);
  expect(isAlive(program.pid)).toBe(true);
});

test('nothing is left suspended by a kill that may not force', async () => {
  await using program = await spawnProgram(nodeProgram('idle'));
  await sidecar.call('process/kill', { target: { kind: 'process', pid: program.pid }, force: false });
  const { process: found } = await sidecar.call('process/get', { target: { pid: program.pid } });
  expect(found?.status).toBe('running');
  program.child.stdin?.end();
  await until(() => !isAlive(program.pid), 'it goes on, and ends with its input');
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
