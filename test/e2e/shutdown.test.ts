import { describe, expect, test } from 'vitest';
import type { Params } from '../../src/protocol/methods/index.ts';
import { type HostCallAnswers, type StartOptions, startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

const withHandlers = { capabilities: { shutdownHandlers: true } };

/** A sidecar whose host answers each handler by its name, and notes that it was asked. */
async function startHost(answers: Record<string, () => null | undefined | Promise<null>> = {}, options: StartOptions = {}) {
  const ran: string[] = [];
  const hostCalls: HostCallAnswers = {
    'host/runShutdownHandler'({ name }) {
      ran.push(name);
      const answer = answers[name];
      return answer === undefined ? null : answer();
    },
  };
  const sidecar = await startSidecar({ hostCalls, initialize: withHandlers, ...options });
  const add = async (params: Params<'shutdown/addHandler'>) => (await sidecar.call('shutdown/addHandler', params)).handlerId;
  return { sidecar, ran, add };
}

const statuses = (steps: { kind: string; name: string; status: string }[]) =>
  steps.map(({ kind, name, status }) => `${kind} ${name} ${status}`);

describe('handlers', () => {
  test('run by their order, those of one order together, and then the rest of the shutdown', async () => {
    const both: string[] = [];
    const meet = async () => {
      both.push('here');
      await until(() => both.length === 2, 'the other of the same order');
      return null;
    };
    const { sidecar, ran, add } = await startHost({ b1: meet, b2: meet });
    await using _ = sidecar;
    await add({ name: 'c', order: 7 });
    await add({ name: 'b1' });
    await add({ name: 'b2' });
    await add({ name: 'a', order: -1 });
    const removed = await add({ name: 'never' });
    expect(await sidecar.call('shutdown/removeHandler', { handlerId: removed })).toEqual({ removed: true });
    expect(await sidecar.call('shutdown/removeHandler', { handlerId: removed })).toEqual({ removed: false });

    const report = await sidecar.call('shutdown', { reason: 'quit' });
    expect(ran).toEqual(['a', 'b1', 'b2', 'c']);
    expect(report).toMatchObject({ ok: true, reason: 'quit' });
    expect(statuses(report.steps)).toEqual([
      'handler a done',
      'handler b1 done',
      'handler b2 done',
      'handler c done',
      'lease ports done',
      'log log done',
    ]);
    expect(sidecar.hostCalls('host/runShutdownHandler')[0]).toMatchObject({ name: 'a', reason: 'quit', remainingMs: 5_000 });
  });

  test('a failure and a hang are recorded, the rest goes on; critical makes it the exit code 3', async () => {
    const { sidecar, ran, add } = await startHost({
      broken: () => {
        throw new Error('the disk is full');
      },
      hung: () => undefined,
    });
    await using _ = sidecar;
    await add({ name: 'broken' });
    await add({ name: 'hung', timeoutMs: 100, critical: true });
    await add({ name: 'last', order: 1 });
    const report = await sidecar.call('shutdown/run', { reason: 'quit' });
    expect(ran).toEqual(['broken', 'hung', 'last']);
    expect(report.ok).toBe(false);
    expect(report.steps.slice(0, 3)).toMatchObject([
      { name: 'broken', status: 'failed', error: 'the disk is full' },
      { name: 'hung', status: 'timeout' },
      { name: 'last', status: 'done' },
    ]);
    await sidecar.message(({ method }) => method === '$/cancelRequest', 'the host to be told');
    expect((await sidecar.request('sidecar/ping')).error).toMatchObject({ data: { reason: 'afterShutdown' } });
    sidecar.send({ jsonrpc: '2.0', method: 'exit' });
    expect(await sidecar.exited).toEqual({ code: 3, signal: null });
  });
});
