import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { onLinux } from '../harness/only.ts';

/* An upgrade, or a program that had unpacked them for its own time, takes our files away while we run. */

const root = join(import.meta.dirname, '..', '..');
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sidewarden-gone-'));
  cpSync(join(root, 'dist'), join(home, 'dist'), { recursive: true });
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

onLinux(test).each(['idle', 'waiting'])('a sidecar whose files are gone ends with its input all the same: %s', async (how) => {
  const sidecar = spawn(process.execPath, [join(home, 'dist', 'bin.js'), '--stdio', '--log-level', 'debug'], { stdio: 'pipe' });
  try {
    let log = '';
    sidecar.stderr.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
    send({
      id: 1,
      method: 'initialize',
      params: {
        protocol: { min: 1, max: 1 },
        clientInfo: { name: 'test' },
        processId: process.pid,
        appId: 'package.gone',
        capabilities: {},
        options: { stateDir: home },
      },
    });
    await once(sidecar.stdout, 'data');
    if (how === 'waiting') {
      send({ id: 2, method: 'port/wait', params: { port: 1, state: 'listening', timeoutMs: 60_000 } });
      // Answered by the event loop, behind the other: that one has been taken.
      send({ id: 3, method: 'sidecar/ping', params: {} });
      await once(sidecar.stdout, 'data');
    }
    rmSync(join(home, 'dist'), { recursive: true });
    const closed = once(sidecar, 'close');
    sidecar.stdin.end();
    expect(await closed).toEqual([1, null]);
    const last = JSON.parse(log.trim().split('\n').at(-1) as string) as object;
    expect(last).toMatchObject({ name: 'sidewarden', msg: 'shut down', report: { ok: true } });
  } finally {
    sidecar.kill('SIGKILL');
  }

  function send(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    sidecar.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }
});
