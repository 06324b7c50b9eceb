import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Result } from '../../src/protocol/methods/index.ts';
import { onLinux } from '../harness/only.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { runCli, runInBash } from './runCli.ts';

/* alloc as a script uses it. */

const scratch = mkdtempSync(join(tmpdir(), 'sidewarden-cli-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const linesOf = (stdout: string) => stdout.trimEnd().split('\n').map(Number);

onLinux(describe)('alloc', () => {
  test('prints a port that can be bound, and nothing else', async () => {
    const { code, stdout, stderr } = await runInBash('PORT=$(sidewarden alloc) && echo "<$PORT>"');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const port = Number(/^<(\d+)>\n$/.exec(stdout)?.[1]);
    await using server = await listen({ port, host: '0.0.0.0' });
    expect(server.port).toBe(port);
  });

  test('prints as many as were asked for, each once, also in a dry run', async () => {
    const [lines, dry, json] = await Promise.all([['5'], ['5', '--dry-run'], ['5', '--json']].map((args) => runCli(['alloc', ...args])));
    for (const run of [lines, dry]) {
      expect(run).toMatchObject({ code: 0, stdout: expect.stringMatching(/^(\d+\n){5}$/) });
      expect(new Set(linesOf(run?.stdout ?? '')).size).toBe(5);
    }
    const { leases } = JSON.parse(json?.stdout ?? '') as Result<'port/allocate'>;
    expect(new Set(leases.map(({ port }) => port)).size).toBe(5);
    expect(leases.map(({ held, leaseId }) => [held, typeof leaseId])).toEqual(Array(5).fill([false, 'string']));
  });

  test('the same key gets the same ports again, another one others', async () => {
    const alloc = async (key: string) => (await runCli(['alloc', '2', '--key', key, '--state-dir', scratch])).stdout;
    const first = await alloc('a worktree');
    expect(first).toMatch(/^(\d+\n){2}$/);
    const [again, other] = await Promise.all([alloc('a worktree'), alloc('another worktree')]);
    expect(again).toBe(first);
    expect(linesOf(first).filter((port) => linesOf(other).includes(port))).toEqual([]);
  });

  test('a range is kept to, and when all of it is taken that is said, with 6', async () => {
    const port = await findFreePort();
    const range = ['alloc', '--range', `${port}-${port}`];
    expect(await runCli(range)).toEqual({ code: 0, stdout: `${port}\n`, stderr: '' });
    await using server = await listen({ port, host: '127.0.0.1' });
    expect(server.port).toBe(port);
    const taken = await runCli(range);
    expect(taken).toMatchObject({ code: 6, stdout: '' });
    expect(taken.stderr).toMatch(/^sidewarden: \S.*\.\n$/);
  });
});

test.each([
  [['0'], 'The count is a number from 1 to 256, not "0".'],
  [['two'], 'The count is a number from 1 to 256, not "two".'],
  [['1', '2'], 'One number, of how many ports; for instance: sidewarden alloc 3.'],
  [['--key', ''], '--key takes 1 to 200 characters.'],
  [['--key', 'a', '--dry-run'], '--dry-run or --key: the ports of a key are found by handing them out, and that is remembered.'],
  [['--range', '9000'], '--range takes two ports, the lower one first, as in 20000-20999, not "9000".'],
  [['--range', '9000-8000'], '--range takes two ports, the lower one first, as in 20000-20999, not "9000-8000".'],
  [['--hold'], "Unknown option '--hold'."],
])('alloc %j is a wrong command line', async (args, sentence) => {
  expect(await runCli(['alloc', ...args])).toEqual({
    code: 2,
    stdout: '',
    stderr: `sidewarden: ${sentence} See sidewarden alloc --help.\n`,
  });
});
