import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { makeDirectory } from '../harness/directory.ts';
import { nodeProgram } from '../harness/processes.ts';
import { sidewardenCommand } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

/* `sidewarden run` on Windows: the command has our console and our descriptors, and what it starts is in our job object. */

test('the exit code is its own, its output is ours, and a command that is missing is told', async () => {
  await using directory = await makeDirectory();
  const script = `process.stdin.pipe(process.stdout).on('error', () => {}); process.stdin.on('end', () => process.exit(7))`;
  const done = run(directory.path, [process.execPath, '-e', script], 'from the pipe');
  expect(done).toMatchObject({ status: 7, stdout: 'from the pipe', stderr: '' });
  const missing = run(directory.path, ['no-such-command']);
  expect(missing).toMatchObject({ status: 127, stderr: expect.stringContaining('on the PATH') });
});

test('what it leaves in the background ends with it, also what has left its tree', async () => {
  await using directory = await makeDirectory();
  const script = `
    const { spawn } = require('node:child_process');
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
    process.stdout.write(String(child.pid), () => process.exit(3));`;
  const done = run(directory.path, [process.execPath, '-e', script]);
  expect(done.status).toBe(3);
  await until(() => !isAlive(Number(done.stdout)), 'what it has left behind to end');
});

test('it ends when we are killed', async () => {
  await using directory = await makeDirectory();
  const [node, ...rest] = runCommand(directory.path, nodeProgram('detach'));
  const running = spawn(node, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(running, 'exit');
  const [line] = (await once(running.stdout, 'data')) as [Buffer];
  expect(isAlive(Number(line))).toBe(true);
  running.kill('SIGKILL');
  await exited;
  await until(() => !isAlive(Number(line)), 'all of it to end');
});

const runCommand = (directory: string, words: string[]) =>
  [...sidewardenCommand(), 'run', '--state-dir', directory, '--grace', '500', '--', ...words] as [string, ...string[]];

function run(directory: string, words: string[], input = '') {
  const [node, ...rest] = runCommand(directory, words);
  return spawnSync(node, rest, { encoding: 'utf8', input, timeout: 100_000 });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
