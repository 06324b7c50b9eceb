import { describe, expect, test } from 'vitest';
import { startSidecar } from '../harness/sidecar.ts';

describe('requests on the wire', () => {
  test('7 and "7" are two requests, and a second 7 in flight is a duplicate', async () => {
    await using sidecar = await startSidecar();
    const wait = (id: number | string) =>
      sidecar.frame({ jsonrpc: '2.0', id, method: 'process/wait', params: { target: { pid: process.pid }, timeoutMs: 300 } });
    sidecar.sendBytes(Buffer.concat([wait(7), wait('7'), wait(7)]));
    await sidecar.message(({ id, result }) => id === '7' && result !== undefined, 'the answer to "7"');
    await sidecar.message(({ id, result }) => id === 7 && result !== undefined, 'the answer to 7');
    const answers = sidecar.messages.filter(({ id }) => id === 7 || id === '7');
    expect(answers).toHaveLength(3);
    expect(answers.filter(({ error }) => error?.data.reason === 'duplicateId')).toHaveLength(1);
  });

  test('an id may be used again once it was answered', async () => {
    await using sidecar = await startSidecar();
    await sidecar.request('sidecar/ping', {}, 'again');
    sidecar.messages.length = 0;
    expect((await sidecar.request('sidecar/ping', { echo: 2 }, 'again')).result).toMatchObject({ echo: 2 });
  });

  test.each([
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"sidecar/ping"}]', -32600, 'batch', null],
    ['bad JSON', '{"jsonrpc":"2.0",', -32700, 'invalidJson', null],
    ['an empty body', '', -32700, 'invalidJson', null],
    ['a null id', '{"jsonrpc":"2.0","id":null,"method":"sidecar/ping"}', -32600, 'invalidId', null],
    ['a true id', '{"jsonrpc":"2.0","id":true,"method":"sidecar/ping"}', -32600, 'invalidId', null],
    ['a fractional id', '{"jsonrpc":"2.0","id":1.5,"method":"sidecar/ping"}', -32600, 'invalidId', null],
    ['an id of 2^53', '{"jsonrpc":"2.0","id":9007199254740992,"method":"sidecar/ping"}', -32600, 'invalidId', null],
    ['version 1.0', '{"jsonrpc":"1.0","id":5,"method":"sidecar/ping"}', -32600, 'invalidVersion', 5],
    ['no method', '{"jsonrpc":"2.0","id":6}', -32600, 'invalidMethod', 6],
    ['positional params', '{"jsonrpc":"2.0","id":"p","method":"port/check","params":[80]}', -32602, undefined, 'p'],
    ['an unknown method', '{"jsonrpc":"2.0","id":8,"method":"port/steal"}', -32601, undefined, 8],
    ['a prototype member as a method', '{"jsonrpc":"2.0","id":9,"method":"constructor"}', -32601, undefined, 9],
  ])('%s is answered and the connection lives', async (_name, body, code, reason, id) => {
    await using sidecar = await startSidecar();
    sidecar.sendBytes(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    const { error } = await sidecar.answerTo(id);
    expect(error?.code).toBe(code);
    if (reason !== undefined) expect(error?.data.reason).toBe(reason);
    expect(await sidecar.call('sidecar/ping', { echo: 'alive' })).toMatchObject({ echo: 'alive' });
  });

  test.each([undefined, null, [], {}])('params %j count as an empty object', async (params) => {
    await using sidecar = await startSidecar();
    sidecar.send({ jsonrpc: '2.0', id: 'x', method: 'sidecar/ping', ...(params !== undefined && { params }) });
    expect((await sidecar.answerTo('x')).result).toHaveProperty('at');
  });

  test.each([
    ['LF only', 'Content-Length: 2\n\n{}', 'lineFeedOnly'],
    ['a signed length', 'Content-Length: -1\r\n\r\n', 'badContentLength'],
    ['digits and letters', 'Content-Length: 46abc\r\n\r\n', 'badContentLength'],
    ['4 GB', 'Content-Length: 4294967296\r\n\r\n', 'bodyTooLarge'],
    ['no length', 'Content-Type: x\r\n\r\n{}', 'missingContentLength'],
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}', 'duplicateContentLength'],
    ['an endless header', `X: ${'y'.repeat(9_000)}`, 'headerTooLarge'],
    ['another charset', 'Content-Length: 2\r\nContent-Type: application/json; charset=utf-16\r\n\r\n{}', 'unsupportedCharset'],
  ])('%s in the header ends the connection with its reason, after what was asked before', async (_name, bytes, reason) => {
    await using sidecar = await startSidecar();
    sidecar.sendBytes(
      Buffer.concat([sidecar.frame({ jsonrpc: '2.0', id: 'before', method: 'port/check', params: { port: 1 } }), Buffer.from(bytes)]),
    );
    const exit = await sidecar.exited;
    expect(sidecar.messages.find(({ id }) => id === 'before')?.result).toMatchObject({ inUse: false });
    expect(sidecar.messages.find(({ id }) => id === null)?.error).toMatchObject({ code: -32700, data: { reason } });
    expect(exit).toEqual({ code: 1, signal: null });
  });

  test('a body over 8 MiB is skipped and answered, and the next one is read', async () => {
    await using sidecar = await startSidecar();
    const huge = 9 * 1024 * 1024;
    sidecar.sendBytes(`Content-Length: ${huge}\r\n\r\n`);
    sidecar.sendBytes(Buffer.alloc(huge, 'x'));
    expect((await sidecar.answerTo(null)).error).toMatchObject({ code: 1010, data: { kind: 'LimitExceeded', limit: 'bodyBytes' } });
    expect(await sidecar.call('sidecar/ping', {})).toHaveProperty('at');
  });

  test('nesting over 64 is LimitExceeded with the id', async () => {
    await using sidecar = await startSidecar();
    const echo = JSON.parse(`${'['.repeat(70)}${']'.repeat(70)}`);
    expect((await sidecar.request('sidecar/ping', { echo }, 'deep')).error).toMatchObject({
      code: 1010,
      data: { limit: 'jsonDepth', max: 64 },
    });
  });

  test('a request method sent as a notification is not executed', async () => {
    await using sidecar = await startSidecar();
    sidecar.send({ jsonrpc: '2.0', method: 'shutdown' });
    expect(await sidecar.call('sidecar/ping', {})).toHaveProperty('at');
    expect(sidecar.stderr()).toContain('came as a notification');
  });

  test('the 65th request in flight is Overloaded, pings and waits are not counted', async () => {
    await using sidecar = await startSidecar();
    const usage = (id: string) =>
      sidecar.frame({ jsonrpc: '2.0', id, method: 'process/usage', params: { target: { pid: process.pid }, intervalMs: 1_000 } });
    const wait = sidecar.frame({
      jsonrpc: '2.0',
      id: 'wait',
      method: 'process/wait',
      params: { target: { pid: process.pid }, timeoutMs: 10 },
    });
    const ping = sidecar.frame({ jsonrpc: '2.0', id: 'ping', method: 'sidecar/ping' });
    sidecar.sendBytes(Buffer.concat([...Array.from({ length: 65 }, (_, index) => usage(`u${index}`)), wait, ping]));
    expect((await sidecar.answerTo('u64')).error).toMatchObject({ code: 1011, data: { kind: 'Overloaded' } });
    expect((await sidecar.answerTo('ping')).result).toBeDefined();
    expect((await sidecar.answerTo('wait')).result).toMatchObject({ exited: false });
    for (let index = 0; index < 64; index += 1) expect((await sidecar.answerTo(`u${index}`)).result).toHaveProperty('cpuPercent');
  });

  test('text of any script comes back as it went', async () => {
    await using sidecar = await startSidecar();
    const echo = { '\u{1F600}': 'ἄλφα\u0000\n"\\', long: 'ü'.repeat(300_000) };
    expect((await sidecar.call('sidecar/ping', { echo })).echo).toEqual(echo);
  });

  test('a lone surrogate comes back as U+FFFD, because other languages refuse it', async () => {
    await using sidecar = await startSidecar();
    sidecar.send({ jsonrpc: '2.0', id: 's', method: 'sidecar/ping', params: { echo: 'a\ud800b' } });
    expect((await sidecar.answerTo('s')).result).toMatchObject({ echo: 'a\ufffdb' });
  });

  test('NDJSON: a bad line is answered and the next one is read', async () => {
    await using sidecar = await startSidecar({ framing: 'ndjson' });
    sidecar.sendBytes('\r\n  \nthis is no JSON\r\n');
    sidecar.send({ jsonrpc: '2.0', id: 'n', method: 'sidecar/ping', params: { echo: 1 } });
    expect((await sidecar.answerTo('n')).result).toMatchObject({ echo: 1 });
    expect((await sidecar.answerTo(null)).error).toMatchObject({ code: -32700 });
  });
});
