import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { helloParams, sidewardenCommand, startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

const hello = { jsonrpc: '2.0', id: 'hello', method: 'initialize', params: helloParams };

describe('life cycle', () => {
  test('initialize tells who answers, what works and the limits', async () => {
    await using sidecar = await startSidecar({ initialize: false });
    const result = await sidecar.call('initialize', { ...helloParams, protocol: { min: 1, max: 9 } });
    expect(result).toMatchObject({
      protocol: 1,
      hostWatch: 'none',
      serverInfo: { name: 'sidewarden', pid: sidecar.pid, platform: process.platform },
    });
    expect(result.limits).toMatchObject({ requestsInFlight: 64, waitsInFlight: 256, bodyBytes: 8_388_608, jsonDepth: 64 });
    expect(Math.abs(result.serverInfo.startedAt - Date.now())).toBeLessThan(60_000);
  });

  test('before initialize only rpc.discover is answered', async () => {
    await using sidecar = await startSidecar({ initialize: false });
    expect((await sidecar.request('sidecar/ping')).error).toMatchObject({ code: -32002, data: { kind: 'NotInitialized' } });
    expect((await sidecar.request('rpc.discover')).result).toHaveProperty('openrpc');
  });

  test('versions that do not meet are refused with both, and another try may follow', async () => {
    await using sidecar = await startSidecar({ initialize: false });
    const refused = await sidecar.request('initialize', { ...helloParams, protocol: { min: 2, max: 3 } });
    expect(refused.error).toMatchObject({ code: 1012, data: { server: { min: 1, max: 1 }, client: { min: 2, max: 3 } } });
    expect((await sidecar.request('initialize', helloParams)).result).toMatchObject({ protocol: 1 });
    expect((await sidecar.request('initialize', helloParams)).error).toMatchObject({
      code: -32600,
      data: { reason: 'alreadyInitialized' },
    });
  });

  test('what is sent together with initialize is answered behind it', async () => {
    await using sidecar = await startSidecar({ initialize: false });
    const ping = { jsonrpc: '2.0', id: 'ping', method: 'sidecar/ping' };
    sidecar.sendBytes(Buffer.concat([sidecar.frame(hello), sidecar.frame(ping)]));
    await sidecar.answerTo('ping');
    expect(sidecar.messages.map(({ id }) => id)).toEqual(['hello', 'ping']);
    expect(sidecar.messages[1]?.result).toHaveProperty('at');
  });

  test('shutdown reports, later requests are refused, exit ends with 0', async () => {
    await using sidecar = await startSidecar();
    const report = await sidecar.call('shutdown', { reason: 'test' });
    expect(report).toMatchObject({ ok: true, reason: 'test' });
    expect(report.steps.every(({ status }) => status === 'done')).toBe(true);
    expect((await sidecar.request('sidecar/ping')).error).toMatchObject({ code: -32600, data: { reason: 'afterShutdown' } });
    sidecar.send({ jsonrpc: '2.0', method: 'exit' });
    expect(await sidecar.exited).toEqual({ code: 0, signal: null });
  });

  test('exit that never comes is awaited 5 s after shutdown', async () => {
    await using sidecar = await startSidecar();
    const began = performance.now();
    await sidecar.call('shutdown', {});
    expect(await sidecar.exited).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeGreaterThan(4_000);
  });

  test('a bare exit ends with 1', async () => {
    await using sidecar = await startSidecar();
    sidecar.send({ jsonrpc: '2.0', method: 'exit' });
    expect(await sidecar.exited).toEqual({ code: 1, signal: null });
  });

  test('end of input: what was received is answered, waits end at once, exit code 1', async () => {
    await using sidecar = await startSidecar();
    const requests = Array.from({ length: 20 }, (_, index) =>
      sidecar.frame({ jsonrpc: '2.0', id: index, method: 'port/find', params: { port: 1_000 + index } }),
    );
    const wait = sidecar.frame({
      jsonrpc: '2.0',
      id: 'wait',
      method: 'process/wait',
      params: { target: { pid: process.pid }, timeoutMs: 60_000 },
    });
    sidecar.sendBytes(Buffer.concat([...requests, wait]));
    expect(await sidecar.end()).toEqual({ code: 1, signal: null });
    for (let index = 0; index < 20; index += 1) expect(sidecar.messages.find(({ id }) => id === index)?.result).toHaveProperty('entries');
    expect(sidecar.messages.find(({ id }) => id === 'wait')?.error).toMatchObject({ code: -32800 });
  });

  test('end of input in NDJSON without a host process is how a shell ends: exit code 0', async () => {
    await using sidecar = await startSidecar({ framing: 'ndjson' });
    expect(await sidecar.end()).toEqual({ code: 0, signal: null });
  });

  test('SIGTERM ends with 0, SIGINT and SIGHUP are the host’s business', async () => {
    await using sidecar = await startSidecar();
    sidecar.child.kill('SIGINT');
    sidecar.child.kill('SIGHUP');
    expect(await sidecar.call('sidecar/ping', {})).toHaveProperty('at');
    sidecar.child.kill('SIGTERM');
    expect(await sidecar.exited).toEqual({ code: 0, signal: null });
  });

  test('a host that closes its reading end has ended: no crash, exit code 1', async () => {
    await using sidecar = await startSidecar();
    sidecar.stdout.destroy();
    sidecar.send({ jsonrpc: '2.0', id: 1, method: 'sidecar/ping' });
    expect(await sidecar.exited).toEqual({ code: 1, signal: null });
    expect(sidecar.stderr()).not.toContain('EPIPE');
  });

  test('a wrong flag is a sentence and exit code 4', async () => {
    await using sidecar = await startSidecar({ args: ['--stdio', '--log-level', 'loud'], initialize: false });
    expect(await sidecar.exited).toEqual({ code: 4, signal: null });
    expect(sidecar.stderr()).toMatch(/--log-level takes one of/);
  });
});

describe('the host’s death', () => {
  test('is noticed while an inherited handle keeps stdin open', async () => {
    // The shell is the host; its background child inherits the sidecar’s stdin and outlives it.
    const [node, bin] = sidewardenCommand() as [string, string];
    const script = `
      const { spawn } = require('node:child_process');
      const sidecar = spawn(process.argv[1], [process.argv[2], '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { ...JSON.parse(process.argv[3]), processId: process.pid } });
      sidecar.stdin.write('Content-Length: ' + Buffer.byteLength(body) + '\\r\\n\\r\\n' + body);
      const keeper = spawn('sleep', ['60'], { stdio: ['ignore', sidecar.stdin, 'ignore'], detached: true });
      sidecar.stdout.once('data', (data) => console.log(JSON.stringify({ sidecar: sidecar.pid, keeper: keeper.pid, answer: String(data) })));`;
    const host = spawn(process.execPath, ['-e', script, node, bin, JSON.stringify(helloParams)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const line = await new Promise<string>((resolve) => host.stdout.once('data', (data: Buffer) => resolve(String(data))));
    const { sidecar, keeper, answer } = JSON.parse(line) as { sidecar: number; keeper: number; answer: string };
    try {
      expect(answer).toMatch(/"hostWatch":"(handle|pid)"/);
      host.kill('SIGKILL');
      await until(() => !isAlive(sidecar), 'the sidecar to end after its host', 5_000);
      expect(isAlive(keeper)).toBe(true);
    } finally {
      for (const pid of [keeper, sidecar]) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
    }
  });

  test('a process that is no ancestor is not watched', async () => {
    const stranger = spawn('sleep', ['60'], { stdio: 'ignore' });
    try {
      await using sidecar = await startSidecar({ initialize: false });
      const result = await sidecar.call('initialize', { ...helloParams, processId: stranger.pid as number });
      expect(result.hostWatch).toBe('none');
      await until(() => sidecar.stderr().includes('no ancestor'), 'the warning');
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
