import { basename, dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

/* How programs are asked to end on Windows: by Ctrl-Break on a console that is theirs alone, or by closing their windows. */

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(async () => {
  await sidecar[Symbol.asyncDispose]();
});

const kill = async (pid: number, more: object = {}) =>
  (await sidecar.call('process/kill', { target: { kind: 'process', pid }, graceMs: 60_000, ...more })).outcomes;

test('a program with a console of its own is asked by Ctrl-Break, with its tree, and takes its time', async () => {
  await using program = await spawnProgram(nodeProgram('onBreak', 'child'), { windowsHide: true });
  const outcomes = await kill(program.pid);
  expect(outcomes.map(({ process: { name } }) => name)).toEqual(['node.exe', 'node.exe']);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ outcome: 'exited', rung: 'ctrlBreak', signal: 'SIGTERM' });
  expect(await program.line()).toBe('broken');
  expect(program.child.exitCode).toBe(7);
});

test('one that takes no notice is terminated when the grace is over', async () => {
  await using program = await spawnProgram(nodeProgram('onBreak', 'ignore'), { windowsHide: true });
  const outcomes = await kill(program.pid, { graceMs: 3_000 });
  expect(outcomes).toMatchObject([{ outcome: 'killed', rung: 'terminate', signal: 'SIGKILL' }]);
  expect(await program.line()).toBe('broken');
});

test('where another uses its console as well, nobody gets Ctrl-Break', async () => {
  await using program = await spawnProgram(nodeProgram('tree', 1, 1), { windowsHide: true });
  const { processes } = await sidecar.call('process/tree', { root: { pid: program.pid } });
  const child = processes.find(({ depth }) => depth === 1)?.pid as number;
  const spared = await kill(child, { force: false });
  expect(spared).toMatchObject([{ outcome: 'survived', reason: expect.stringContaining('no way to ask') }]);
  expect(await kill(child)).toMatchObject([{ outcome: 'killed', rung: 'terminate' }]);
  expect(await kill(program.pid)).toMatchObject([{ outcome: 'exited', rung: 'ctrlBreak' }]);
});

test('a dry run says Ctrl-Break, on which condition, and sends none', async () => {
  await using program = await spawnProgram(nodeProgram('onBreak'), { windowsHide: true });
  const target = { kind: 'process', pid: program.pid } as const;
  const { outcomes, planId } = await sidecar.call('process/kill', { target, dryRun: true });
  expect(outcomes).toMatchObject([{ outcome: 'planned', rung: 'ctrlBreak', reason: expect.stringMatching(/if only .* uses its console/) }]);
  expect(await sidecar.call('process/kill', { planId: planId as string })).toMatchObject({ outcomes: [{ rung: 'ctrlBreak' }] });
});

test('a program with a window is asked to close it', async ({ skip }) => {
  await using program = await spawnProgram(nodeProgram('window'), { windowsHide: false });
  if (program.ready === 'no desktop') skip('there is no desktop that a window could be on');
  // Under Wine the first window of all brings a desktop along, as a child.
  const [outcome] = await kill(program.pid);
  expect(outcome).toMatchObject({ process: { pid: program.pid }, outcome: 'exited', rung: 'wmClose', signal: 'SIGTERM' });
  expect(program.child.exitCode).toBe(5);
});

test('one with a console and a window that takes no notice of Ctrl-Break is asked to close the window, within its grace', async ({
  skip,
}) => {
  await using program = await spawnProgram(nodeProgram('window', 'deaf'), { windowsHide: true });
  if (program.ready === 'no desktop') skip('there is no desktop that a window could be on');
  const foreseen = await kill(program.pid, { dryRun: true });
  expect(foreseen).toMatchObject([{ outcome: 'planned', rung: 'ctrlBreak', reason: expect.stringMatching(/half of the grace/) }]);
  const [outcome] = await kill(program.pid, { graceMs: 6_000 });
  expect(outcome).toMatchObject({ outcome: 'exited', rung: 'wmClose', signal: 'SIGTERM' });
  expect(outcome?.elapsedMs).toBeGreaterThanOrEqual(3_000);
  expect(await program.line()).toBe('broken');
  expect(program.child.exitCode).toBe(5);
});

test('the stop of a service does the same', async ({ skip }) => {
  const [, ...args] = nodeProgram('window', 'deaf');
  const service = { name: 'window', command: basename(process.execPath, '.exe'), args, stdin: 'pipe' as const };
  await sidecar.call('service/start', { spec: { ...service, env: { PATH: dirname(process.execPath) } } });
  const lines = async () => (await sidecar.call('service/logs', { name: 'window' })).lines.map(({ text }) => text);
  const [first] = await until(async () => ((await lines()).length > 0 ? lines() : null), 'its first line', 60_000);
  const { services } = await sidecar.call('service/stop', { name: 'window', graceMs: first === 'open' ? 6_000 : 0 });
  if (first !== 'open') skip('there is no desktop that a window could be on');
  expect(services).toMatchObject([{ state: 'stopped', exitCode: 5 }]);
  expect(await lines()).toContain('broken');
});

test('the end of its input is asked by first, where the service says so, and may be all', async () => {
  const [, ...args] = nodeProgram('onBreak');
  const stop = { stdinClose: true, graceMs: 60_000 };
  await sidecar.call('service/start', {
    spec: {
      name: 'reader',
      command: basename(process.execPath, '.exe'),
      args,
      stdin: 'pipe',
      stop,
      env: { PATH: dirname(process.execPath) },
    },
  });
  const { services } = await sidecar.call('service/stop', { name: 'reader' });
  expect(services).toMatchObject([{ state: 'stopped', exitCode: 0 }]);
  const { lines } = await sidecar.call('service/logs', { name: 'reader' });
  expect(lines.map(({ text }) => text)).toEqual(['ready']);
});

test('the stop of a service asks as well', async () => {
  const [, ...args] = nodeProgram('onBreak');
  await sidecar.call('service/start', {
    spec: { name: 'polite', command: basename(process.execPath, '.exe'), args, stdin: 'pipe', env: { PATH: dirname(process.execPath) } },
  });
  const { error } = await sidecar.request('service/signal', { name: 'polite', signal: 'SIGTERM' });
  expect(error).toMatchObject({ message: expect.stringContaining('no signals'), data: { kind: 'Unsupported', platform: 'win32' } });
  const { services } = await sidecar.call('service/stop', { name: 'polite', graceMs: 60_000 });
  expect(services).toMatchObject([{ state: 'stopped', exitCode: 7 }]);
  const { lines } = await sidecar.call('service/logs', { name: 'polite' });
  expect(lines.map(({ text }) => text)).toContain('broken');
});
