import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onLinux } from '../harness/only.ts';

/* The bundle needs nothing beside it: no node_modules, no checkout. */

const root = join(import.meta.dirname, '..', '..');
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'sidewarden-bundle-'));
  cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true });
  // What makes the .js files ES modules.
  writeFileSync(join(home, 'package.json'), '{"type":"module"}');
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

onLinux(test)('answers from an empty directory, in a pool thread too', async () => {
  const session = [
    { id: 1, method: 'rpc.discover' },
    {
      id: 2,
      method: 'initialize',
      params: {
        protocol: { min: 1, max: 1 },
        clientInfo: { name: 'bundle' },
        processId: null,
        appId: 'bundle.test',
        capabilities: {},
        options: { stateDir: home },
      },
    },
    { id: 3, method: 'process/get', params: { target: { pid: process.pid } } },
  ];
  const { answers, exitCode } = await play(session);
  expect(answers.get(1)?.result).toEqual(JSON.parse(readFileSync(join(root, 'clients/spec/openrpc.json'), 'utf8')));
  // koffi is no part of the bundle and cannot be found here.
  expect(answers.get(2)).toMatchObject({ result: { capabilities: { native: false } } });
  expect(answers.get(3)).toMatchObject({ result: { process: { pid: process.pid, visibility: 'full' } } });
  expect(exitCode).toBe(0);
});

test('brings the licence of every package that is in it', () => {
  const text = readFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), 'utf8');
  for (const name of ['pino', 'piscina', 'vscode-jsonrpc', 'zod']) expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
});

test('starts with a line that finds Node', () => {
  expect(readFileSync(join(root, 'dist/bin.js'), 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/);
});

async function play(requests: { id: number; method: string; params?: unknown }[]) {
  const sidecar = spawn(process.execPath, [join(home, 'dist', 'bin.js'), '--stdio'], { cwd: home, stdio: ['pipe', 'pipe', 'inherit'] });
  const output: Buffer[] = [];
  sidecar.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  sidecar.stdin.end(requests.map((request) => `${JSON.stringify({ jsonrpc: '2.0', ...request })}\n`).join(''));
  const [exitCode] = (await once(sidecar, 'close')) as [number];
  const lines = Buffer.concat(output).toString('utf8').trim().split('\n');
  const answers = new Map(lines.map((line) => JSON.parse(line) as { id: number; result?: unknown }).map((answer) => [answer.id, answer]));
  return { answers, exitCode };
}
