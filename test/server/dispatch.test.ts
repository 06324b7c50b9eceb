import { describe, expect, test } from 'vitest';
import { fail, SidewardenError } from '../../src/protocol/errors.ts';
import type { Handlers, RequestContext } from '../../src/server/context.ts';
import { createDispatch } from '../../src/server/rpc/dispatch.ts';
import { failureOf, wireError } from '../../src/server/rpc/failure.ts';

const request: RequestContext = { signal: new AbortController().signal, connectionId: 'c1' };

describe('the gate', () => {
  test('a null member counts as absent, and an unknown one is ignored', async () => {
    const { dispatch, seen } = recording();
    await dispatch('port/check', { port: 80, protocol: null, colour: 'red' }, request);
    expect(seen).toEqual([{ port: 80 }]);
  });

  test.each([
    ['a missing member', 'port/check', {}, 'port'],
    ['an unknown enum value', 'port/check', { port: 80, protocol: 'sctp' }, 'protocol'],
    ['a port out of range', 'port/check', { port: 65_536 }, 'port'],
    ['a port as text', 'port/check', { port: '80' }, 'port'],
    ['a fraction', 'port/check', { port: 80.5 }, 'port'],
    ['an unknown member of a filter', 'process/list', { filter: { nmae: 'node' } }, 'filter.nmae'],
    ['a null member of a filter', 'process/list', { filter: { name: null } }, 'filter.name'],
    [
      'an unknown member inside a filter',
      'events/subscribe',
      { topics: ['process'], filter: { targets: [{ pid: 1, identty: 'x' }] } },
      'filter.targets.0.identty',
    ],
    ['a required null', 'port/check', { port: null }, 'port'],
  ])('%s is InvalidParams and names the member', async (_name, method, params, path) => {
    const { dispatch, seen } = recording();
    const failure = await failing(dispatch(method as 'port/check', params, request));
    expect(failure.kind).toBe('InvalidParams');
    expect((failure.data as { issues: { path: string }[] }).issues.map((issue) => issue.path)).toContain(path);
    expect(failure.message).toContain(path);
    expect(seen).toEqual([]);
  });

  test('what may be null stays null', async () => {
    const { dispatch, seen } = recording();
    const hello = { protocol: { min: 1, max: 1 }, clientInfo: { name: 'x', version: null }, processId: null, appId: 'a', capabilities: {} };
    await failing(dispatch('initialize', hello, request));
    expect(seen).toEqual([{ ...hello, clientInfo: { name: 'x' } }]);
  });

  test('a result that does not match its schema is a bug of ours and never reaches the host', async () => {
    const { dispatch } = recording({ inUse: 'perhaps' });
    await expect(dispatch('port/check', { port: 80 }, request)).rejects.not.toBeInstanceOf(SidewardenError);
  });

  test('members that the schema does not know are left out of the result', async () => {
    const { dispatch } = recording({ inUse: false, canBind: true, reason: null, secret: 'x' });
    expect(await dispatch('port/check', { port: 80 }, request)).toEqual({ inUse: false, canBind: true, reason: null });
  });
});

describe('failures on the wire', () => {
  const log = { debug() {}, info() {}, warn() {}, error() {}, fatal() {} };

  test('ours go as they are, with the number of their kind', () => {
    expect(wireError(failureOf(fail('NotFound', 'It is gone.', { what: 'it' }), log, 'process/get'))).toEqual({
      code: 1001,
      message: 'It is gone.',
      data: { kind: 'NotFound', what: 'it' },
    });
  });

  test.each([new Error('/home/ada/secret'), 'text', undefined, null])('a bug (%s) shows a reference and nothing else', (bug) => {
    const failure = failureOf(bug, log, 'process/get');
    expect(failure.kind).toBe('InternalError');
    expect(JSON.stringify(wireError(failure))).not.toContain('secret');
  });
});

/** Handlers that note their params and all give the same result. */
function recording(result: unknown = { inUse: false, canBind: true, reason: null }) {
  const seen: unknown[] = [];
  const handler = (params: unknown) => {
    seen.push(params);
    return result;
  };
  const handlers = new Proxy({}, { get: () => handler }) as Handlers;
  return { seen, dispatch: createDispatch(handlers, { debug() {}, info() {}, warn() {}, error() {}, fatal() {} }) };
}

async function failing(promise: Promise<unknown>) {
  try {
    await promise;
  } catch (error) {
    if (error instanceof SidewardenError) return error.failure;
    return { kind: 'bug', message: String(error), data: {} };
  }
  throw new Error('it did not fail');
}
