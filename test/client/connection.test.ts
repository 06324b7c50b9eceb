import { describe, expect, test } from 'vitest';
import { type Connection, type SpawnOptions, spawnConnection } from '../../clients/typescript/connection.ts';
import { createFrameReader, frame } from '../../clients/typescript/framing.ts';
import type { Notifications } from '../../clients/typescript/generated/methods.ts';
import { cliFile } from '../cli/runCli.ts';
import { isLinux } from '../harness/needs.ts';
import { onLinux } from '../harness/only.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { until } from '../harness/until.ts';

/* The TypeScript connection, over a real sidecar, and over programs that only pretend to be one. */

const connect = (options: Partial<SpawnOptions> = {}): Promise<Connection> =>
  spawnConnection({
    command: process.execPath,
    args: [cliFile, '--stdio'],
    appId: 'connection.test',
    clientInfo: { name: 'test' },
    ...options,
  });

/** A program that reads our frames as text and may answer. */
const pretender = (code: string): Partial<SpawnOptions> => ({
  args: [
    '-e',
    `const answer = (text) => process.stdout.write('Content-Length: ' + Buffer.byteLength(text) + '\\r\\n\\r\\n' + text);\n${code}`,
  ],
});
const greets = `answer('{"jsonrpc":"2.0","id":1,"result":{}}');`;

const isGone = (pid: number) =>
  until(() => {
    try {
      return !process.kill(pid, 0);
    } catch {
      return true;
    }
  }, `the end of process ${pid}`);

describe('a real sidecar', () => {
  test('is initialized, answers, and has ended when end() resolves', async () => {
    await using sidecar = await connect();
    expect(sidecar.server.serverInfo).toMatchObject({ name: 'sidewarden', pid: sidecar.pid });
    expect(sidecar.server.hostWatch).not.toBe(isLinux ? 'none' : '');
    const echo = { text: 'ünïcode 🚀'.repeat(20_000) };
    await expect(sidecar.call('sidecar/ping', { echo })).resolves.toMatchObject({ echo });
    await sidecar.end();
    await isGone(sidecar.pid);
    await sidecar.end();
    await expect(sidecar.call('sidecar/ping', {})).rejects.toMatchObject({
      kind: 'Disconnected',
      message: 'The sidecar has ended (exit code 0).',
    });
  });

  test('answers an error with its kind, code and data', async () => {
    await using sidecar = await connect();
    await expect(sidecar.call('port/find', { port: 0 })).rejects.toMatchObject({
      name: 'SidecarError',
      kind: 'InvalidParams',
      code: -32602,
      data: { kind: 'InvalidParams', issues: [{ path: 'port' }] },
      message: expect.stringMatching(/^The parameters of port\/find are wrong/),
    });
  });

  onLinux(test)('refuses itself what is no JSON, and that concerns no other call', async () => {
    await using sidecar = await connect();
    const port = await findFreePort();
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    // More than may be in flight, so that some wait here.
    const calls = Array.from({ length: 200 }, (_, index) =>
      index % 2 === 0 ? sidecar.call('port/check', { port }) : sidecar.call('sidecar/ping', { echo: index % 4 === 1 ? circular : 1n }),
    );
    const answers = await Promise.allSettled(calls);
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(100);
    expect(answers[1]).toMatchObject({
      reason: { kind: 'InvalidParams', message: expect.stringMatching(/^What is to be sent of sidecar\/ping is no JSON: /) },
    });
    await expect(sidecar.call('sidecar/ping', { echo: 1 })).resolves.toMatchObject({ echo: 1 });
  });

  onLinux(test)('cancels what is asked to be cancelled, and only that', async () => {
    await using sidecar = await connect();
    const port = await findFreePort();
    const cancelling = new AbortController();
    const cancelled = sidecar.call('port/wait', { port, state: 'listening', timeoutMs: 60_000 }, { signal: cancelling.signal });
    const other = sidecar.call('port/wait', { port, state: 'listening', timeoutMs: 60_000 });
    cancelling.abort();
    await expect(cancelled).rejects.toMatchObject({ kind: 'RequestCancelled', code: -32800 });
    await expect(sidecar.call('sidecar/ping', {}, { signal: cancelling.signal })).rejects.toMatchObject({ kind: 'RequestCancelled' });
    await using server = await listen({ port, host: '127.0.0.1' });
    await expect(other).resolves.toMatchObject({ reached: true });
    expect(server.port).toBe(port);
  });

  onLinux(test)('tells events until one stops listening', async () => {
    await using sidecar = await connect();
    const port = await findFreePort();
    const events: Notifications['event/port'][] = [];
    const stopListening = sidecar.on('event/port', (event) => events.push(event));
    await sidecar.call('events/subscribe', { topics: ['port'], filter: { ports: [port] }, intervalMs: 250 });
    const server = await listen({ port, host: '127.0.0.1' });
    await until(() => events.some(({ entries }) => entries.length === 1), 'the event of a listener');
    stopListening();
    const seen = events.length;
    const freed = new Promise((resolve) => sidecar.on('event/port', resolve));
    await server[Symbol.asyncDispose]();
    await freed;
    expect(events).toHaveLength(seen);
  });

  test('fails all that is pending when it dies', async () => {
    await using sidecar = await connect();
    const waits = [15_001, 15_002].map((port) => sidecar.call('port/wait', { port, state: 'listening', timeoutMs: 60_000 }));
    process.kill(sidecar.pid, 'SIGKILL');
    for (const wait of await Promise.allSettled(waits)) {
      expect(wait).toMatchObject({
        status: 'rejected',
        reason: { kind: 'Disconnected', message: expect.stringMatching(/^The sidecar has ended \(SIGKILL\)\./) },
      });
    }
  });
});

describe('what is no sidecar', () => {
  test('a command that is not there', async () => {
    await expect(connect({ command: '/no/such/program' })).rejects.toMatchObject({
      kind: 'Disconnected',
      message: 'The sidecar could not be started: spawn /no/such/program ENOENT.',
    });
  });

  test('a program that ends, with its last words', async () => {
    await expect(connect({ args: ['-e', `process.stderr.write('no such option'); process.exit(9)`] })).rejects.toMatchObject({
      message: 'The sidecar has ended (exit code 9). Its last words: no such option',
    });
  });

  test('a program that does not answer is not left running', async () => {
    const startedAt = performance.now();
    const silent = `process.stderr.write(String(process.pid)); setInterval(() => {}, 1000); process.on('SIGTERM', () => {});`;
    const error = await connect({ args: ['-e', silent], startTimeoutMs: 4_000 }).catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(/^The sidecar did not answer initialize within 4000 ms\. Its last words: \d+$/);
    await isGone(Number((error as Error).message.match(/\d+$/)?.[0]));
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  });

  test('a program that writes something else', async () => {
    await expect(
      connect(pretender(`console.log('hello, I am no sidecar\\n\\r\\n\\r\\n'); setInterval(() => {}, 1000);`)),
    ).rejects.toMatchObject({
      kind: 'Disconnected',
      message: 'The sidecar wrote something that is no message: "hello, I am no sidecar\\n\\r\\n\\r\\n\\n".',
    });
  });

  test('one that does not end is killed when its time is up', async () => {
    const stubborn = await connect({ ...pretender(`${greets} setInterval(() => {}, 1000);`), endTimeoutMs: 300 });
    await stubborn.end();
    await isGone(stubborn.pid);
  });

  test('one that was given a longer deadline has it', async () => {
    const slow = `${greets} process.stdin.on('data', (chunk) => {
      if (String(chunk).includes('"shutdown"')) setTimeout(() => answer('{"jsonrpc":"2.0","id":2,"result":{"ok":true}}'), 900);
    }).on('end', () => process.exit());`;
    const patient = await connect({ ...pretender(slow), endTimeoutMs: 300 });
    expect(await patient.end({ deadlineMs: 20_000 })).toEqual({ ok: true });
    expect(await patient.ended).toMatchObject({ ending: { code: 0, signal: null } });
  });

  test('one that asks us gets an answer, and unknown events are ignored', async () => {
    const asks = `${greets}
      answer('{"jsonrpc":"2.0","method":"event/ofTheFuture","params":{}}');
      answer('{"jsonrpc":"2.0","id":"q","method":"host/question","params":{}}');
      let heard = '';
      process.stdin.on('data', (chunk) => {
        heard += chunk;
        if (heard.includes('"id":"q"') && heard.includes('"id":2')) { answer(JSON.stringify({ jsonrpc: '2.0', id: 2, result: { echo: heard, at: 1 } })); heard = ''; }
      }).on('end', () => process.exit());`;
    await using sidecar = await connect({ ...pretender(asks), endTimeoutMs: 500 });
    const { echo } = await sidecar.call('sidecar/ping', {});
    expect(echo).toContain('"id":"q","error":{"code":-32601');
  });
});

describe('frames', () => {
  test.each([1, 2, 3, 7, 64, 10_000])('arrive whole in pieces of %i bytes', (size) => {
    const messages = [{ a: 'é日🚀' }, {}, { text: 'x'.repeat(500) }];
    const bytes = Buffer.concat(messages.map(frame));
    const received: unknown[] = [];
    const read = createFrameReader((message) => received.push(message));
    for (let at = 0; at < bytes.length; at += size) read(bytes.subarray(at, at + size));
    expect(received).toEqual(messages);
  });

  test('may have other headers, in any case', () => {
    const received: unknown[] = [];
    createFrameReader((message) => received.push(message))(
      Buffer.from('Content-Type: application/vscode-jsonrpc; charset=utf-8\r\ncontent-length: 2\r\n\r\n{}'),
    );
    expect(received).toEqual([{}]);
  });

  test.each(['hello\r\n\r\n', 'Content-Length: x\r\n\r\n', 'Content-Length: -1\r\n\r\n', 'x'.repeat(9_000)])('%j is none', (text) => {
    expect(() => createFrameReader(() => {})(Buffer.from(text))).toThrow('no message');
  });
});
