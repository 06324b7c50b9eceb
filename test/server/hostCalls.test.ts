import { describe, expect, test } from 'vitest';
import { createHostCalls } from '../../src/server/rpc/hostCalls.ts';
import { createFakeClock } from '../harness/fakeClock.ts';
import { until } from '../harness/until.ts';

const params = { handlerId: 'h1', name: 'flush', reason: 'quit', remainingMs: 100 };
const second = { lockId: 'l1', payload: {}, from: { pid: 7 } };

describe('what becomes of a call', () => {
  test('its answer, by its id, whatever the order', async () => {
    const { calls, sent } = openDesk();
    const first = calls.call('host/secondInstance', second, { timeoutMs: 100 });
    const other = calls.call('host/secondInstance', second, { timeoutMs: 100 });
    await until(() => sent.length === 2, 'both to be sent');
    expect(sent[0]).toEqual({ jsonrpc: '2.0', id: 1, method: 'host/secondInstance', params: second });
    calls.settle({ jsonrpc: '2.0', id: 2, result: { handled: false } });
    calls.settle({ jsonrpc: '2.0', id: 1, result: { handled: true, reply: ['ü'], extra: 1 } });
    expect(await first).toEqual({ kind: 'answered', result: { handled: true, reply: ['ü'] } });
    expect(await other).toEqual({ kind: 'answered', result: { handled: false } });
  });

  test('an error, a result of another shape and an answer that cannot be read are its failure', async () => {
    const { calls, sent } = openDesk();
    const asked = [1, 2, 3].map(() => calls.call('host/secondInstance', second, { timeoutMs: 100 }));
    await until(() => sent.length === 3, 'all to be sent');
    calls.settle({ jsonrpc: '2.0', id: 1, error: { code: -32601, message: 'not here' } });
    calls.settle({ jsonrpc: '2.0', id: 2, result: 7 });
    calls.fail(3, 'The response has neither result nor error.');
    expect(await Promise.all(asked)).toMatchObject([
      { kind: 'failed', message: 'not here' },
      { kind: 'failed', message: expect.stringContaining('something else than it takes') },
      { kind: 'failed', message: 'The response has neither result nor error.' },
    ]);
  });

  test('without an answer in time the host is told, and a late one changes nothing', async () => {
    const { calls, sent, clock } = openDesk();
    const asked = calls.call('host/runShutdownHandler', params, { timeoutMs: 100 });
    await until(() => sent.length === 1, 'it to be sent');
    clock.advance(100);
    expect(await asked).toEqual({ kind: 'timeout' });
    expect(sent[1]).toEqual({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 1 } });
    calls.settle({ jsonrpc: '2.0', id: 1, result: null });
    expect(clock.timers).toBe(0);
  });

  test('whoever asked may give it up', async () => {
    const { calls, sent, clock } = openDesk();
    const giveUp = new AbortController();
    const asked = calls.call('host/runShutdownHandler', params, { timeoutMs: 100, signal: giveUp.signal });
    await until(() => sent.length === 1, 'it to be sent');
    giveUp.abort();
    expect(await asked).toEqual({ kind: 'timeout' });
    expect(sent).toHaveLength(2);
    expect(clock.timers).toBe(0);
  });

  test('a host that is gone answers nothing any more', async () => {
    const { calls, sent } = openDesk();
    const asked = calls.call('host/runShutdownHandler', params, { timeoutMs: 100 });
    await until(() => sent.length === 1, 'it to be sent');
    calls.close('the host has closed its end');
    const unavailable = { kind: 'unavailable', reason: 'the host has closed its end' };
    expect(await asked).toEqual(unavailable);
    expect(await calls.call('host/runShutdownHandler', params, { timeoutMs: 100 })).toEqual(unavailable);
    expect(sent).toHaveLength(1);
  });
});

function openDesk() {
  const sent: object[] = [];
  const clock = createFakeClock();
  const ignore = () => {};
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore, fatal: ignore };
  const send = (message: object) => {
    sent.push(message);
    return 'queued' as const;
  };
  return { sent, clock, calls: createHostCalls({ send, clock, log }) };
}
