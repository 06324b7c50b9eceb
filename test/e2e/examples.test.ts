import { describe, expect, test } from 'vitest';
import { makeDirectory } from '../harness/directory.ts';
import { makeUserLock } from '../harness/instances.ts';
import { needs, python } from '../harness/needs.ts';
import { type Program, pythonProgram, spawnProgram } from '../harness/processes.ts';
import { root, sidewardenCommand } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';

const example = (interpreter: string, file: string) => [interpreter, `${root}clients/examples/${file}`, ...sidewardenCommand(), '--stdio'];
const examples: [string, () => string[]][] = [
  ['host.mjs', () => example(process.execPath, 'host.mjs')],
  ['host.py', () => example(python as string, 'host.py')],
];

const goodbye = ['handler save', 'handler farewell', 'shut down, all is well', 'the sidecar ended with 0'];

describe.each(examples)('%s', (_, command) => {
  test('ends in order with its input, and leaves nothing', async ({ skip }) => {
    needs.python(skip);
    await using directory = await makeDirectory();
    await using host = await spawnProgram(command(), { cwd: directory.path });
    host.child.stdin?.end();
    expect(await linesOf(host, goodbye.length)).toEqual(goodbye);
    await leavesNothing(host);
  });

  test('Ctrl-C in a terminal: its handlers run once, in order', async ({ skip }) => {
    needs.python(skip);
    await using directory = await makeDirectory();
    await using host = await spawnProgram(pythonProgram('inTerminal', ...command()), { cwd: directory.path });
    host.write('interrupt\n');
    expect((await linesOf(host, goodbye.length + 1)).map((line) => line.replace('^C', ''))).toEqual([...goodbye, 'exit code 0']);
    await leavesNothing(host);
  });

  test('a second one tells the first and ends; killed, the first leaves nothing, and the next one is the first', async ({ skip }) => {
    needs.python(skip);
    await using directory = await makeDirectory();
    const start = () => spawnProgram(command(), { cwd: directory.path });
    await using first = await start();
    await using second = await start();
    expect(second.ready).toBe('it runs already, and says: welcome');
    expect(await linesOf(second, 2)).toEqual(goodbye.slice(-2));
    expect(await first.line()).toBe(`another instance came from ${directory.path}`);
    await first.kill('SIGKILL');
    await leavesNothing(first);
    await using next = await start();
    expect(next.ready).toMatch(/^ready/);
  });
});

test('onlyInstance.mjs: a second one hands over its files and ends, the first goes on', async () => {
  const appId = 'sidewarden.example.only-instance';
  await using _ = await makeUserLock(appId, appId);
  const command = (file: string) => [process.execPath, `${root}clients/examples/onlyInstance.mjs`, file];
  await using first = await spawnProgram(command('notes.txt'));
  expect(first.ready).toBe('the only instance, with notes.txt');
  await using second = await spawnProgram(command('more.txt'));
  expect(second.ready).toBe(`handed over: pid ${first.pid} opens them`);
  expect(await first.line()).toBe('another instance wants more.txt');
  await until(() => second.child.exitCode !== null, 'the second to end');
  expect(second.child.exitCode).toBe(0);
  expect(isAlive(first.pid)).toBe(true);
});

async function linesOf(host: Program, count: number): Promise<string[]> {
  const lines: string[] = [];
  while (lines.length < count) lines.push(await host.line());
  return lines;
}

async function leavesNothing({ ready }: Program): Promise<void> {
  const pids = [...ready.matchAll(/\d+/g)].map(Number);
  expect(pids).toHaveLength(2);
  await until(() => !pids.some(isAlive), 'service and sidecar to end', 5_000);
}
