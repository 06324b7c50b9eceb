import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isRoot, needs, nobody } from '../harness/needs.ts';
import { findFreePort, listen, summarize } from '../harness/ports.ts';
import { holdSockets, nodeProgram, spawnProgram } from '../harness/processes.ts';
import { hasNative, startSidecar, type TestSidecar } from '../harness/sidecar.ts';

/* There is none, we may not see it, we could not look: each has an answer of its own. */

let stranger: TestSidecar;
beforeAll(async () => {
  if (isRoot) stranger = await startSidecar({ uid: nobody });
});
afterAll(() => stranger?.[Symbol.asyncDispose]());

describe('a listener of another user', () => {
  test('is in use, without owners, and hidden; its client of our own user is never named', async ({ skip }) => {
    needs.root(skip);
    await using listener = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    const { port } = listener;
    await using client = await spawnProgram(nodeProgram('connect', port), { uid: nobody });
    expect((await stranger.call('process/get', { target: { pid: client.pid } })).process).toMatchObject({
      user: { id: nobody },
      visibility: 'full',
    });

    const { inUse, entries } = await stranger.call('port/find', { port });
    expect(inUse).toBe(true);
    expect(entries).toMatchObject([{ address: '127.0.0.1', port, state: 'listen', owners: [], visibility: 'hidden' }]);
    expect(await stranger.call('port/check', { port })).toMatchObject({ inUse: true, canBind: false, reason: 'inUse' });

    const { cause, summary, evidence } = await stranger.call('port/explain', { port });
    expect(cause).toBe('hidden');
    expect(summary).toContain(String(port));
    expect([summary, ...evidence].join(' ')).not.toContain(String(client.pid));
  });

  test('our own beside it on the same port is named', async ({ skip }) => {
    needs.root(skip);
    await using theirs = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    await using ours = await spawnProgram(nodeProgram('listen', theirs.port, '127.0.0.2'), { uid: nobody });
    const { entries } = await stranger.call('port/find', { port: theirs.port });
    expect(summarize(entries)).toEqual(['tcp 127.0.0.1 by hidden', `tcp 127.0.0.2 by ${ours.pid}`]);
    expect(entries.map(({ visibility }) => visibility)).toEqual(['hidden', 'full']);
  });

  test('UDP and bound without listening are hidden in the same way', async ({ skip }) => {
    needs.root(skip);
    needs.python(skip);
    const port = await findFreePort();
    await using _holder = await holdSockets([
      ['udp', '127.0.0.1', port],
      ['tcp', '127.0.0.1', port],
    ]);
    const { entries } = await stranger.call('port/find', { port, protocol: 'udp' });
    expect(summarize(entries)).toEqual(['udp 127.0.0.1 by hidden']);
    expect(await stranger.call('port/check', { port })).toMatchObject({ inUse: false, canBind: false, reason: 'boundNotListening' });
  });

  test('initialize says that only our own user’s processes can be named', async ({ skip }) => {
    needs.root(skip);
    await using second = await startSidecar({ uid: nobody, initialize: false });
    const { result } = await second.request('initialize', {
      protocol: { min: 1, max: 1 },
      clientInfo: { name: 'test' },
      processId: null,
      appId: 'test',
      capabilities: {},
    });
    expect(result).toMatchObject({
      capabilities: {
        portOwners: 'ownUser',
        native: hasNative,
        socketSource: hasNative ? 'kernel' : 'procfs',
        killIdentity: hasNative ? 'handle' : 'checked',
      },
    });
  });
});

describe('a process of another user', () => {
  test('is told with what this user may see, null for the rest, and `partial`', async ({ skip }) => {
    needs.root(skip);
    const { process: seen } = await stranger.call('process/get', { target: { pid: process.pid } });
    expect(seen).toMatchObject({ pid: process.pid, executable: null, cwd: null, visibility: 'partial', user: { id: 0 } });
  });

  test('with hidepid: there and not to be seen is PermissionDenied, gone is null, and our own is told', async ({ skip }) => {
    needs.root(skip);
    needs.namespaces(skip);
    const asNobody = `exec setpriv --reuid=${nobody} --regid=${nobody} --clear-groups "$@"`;
    const under = ['unshare', '-m', 'sh', '-c', `mount -t proc -o hidepid=2 proc /proc && ${asNobody}`, 'sh'];
    await using blind = await startSidecar({ under });
    const gone = await spawnProgram(['sh', '-c', 'echo ready; exec cat']);
    await gone.kill();

    const there = await blind.request('process/get', { target: { pid: process.pid } });
    expect(there.error).toMatchObject({ code: 1002, data: { kind: 'PermissionDenied', operation: 'readProcess' } });
    expect(there.error?.message).toMatch(/hidepid/);
    expect(await blind.call('process/get', { target: { pid: gone.pid } })).toEqual({ process: null });
    expect((await blind.call('process/get', { target: { pid: blind.pid } })).process).toMatchObject({ pid: blind.pid, visibility: 'full' });

    for (const method of ['process/tree', 'process/usage'] as const) {
      const ref = (pid: number) => (method === 'process/tree' ? { root: { pid } } : { target: { pid } });
      expect((await blind.request(method, ref(process.pid))).error).toMatchObject({ code: 1002 });
      expect((await blind.request(method, ref(gone.pid))).error).toMatchObject({ code: 1001, data: { kind: 'NotFound' } });
    }
    expect((await blind.call('process/list', {})).processes.map(({ pid }) => pid)).not.toContain(process.pid);
  });

  test('with hidepid its sockets are seen, and their owners hidden', async ({ skip }) => {
    needs.root(skip);
    needs.namespaces(skip);
    const under = [
      'unshare',
      '-m',
      'sh',
      '-c',
      `mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=${nobody} --regid=${nobody} --clear-groups "$@"`,
      'sh',
    ];
    await using blind = await startSidecar({ under });
    await using listener = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    expect(await blind.call('port/find', { port: listener.port })).toMatchObject({
      inUse: true,
      entries: [{ owners: [], visibility: 'hidden' }],
    });
  });

  test('without /proc: the owners of a socket are unknown, and processes Unsupported', async ({ skip }) => {
    needs.root(skip);
    needs.namespaces(skip);
    await using blind = await startSidecar({ under: ['unshare', '-m', 'sh', '-c', 'mount -t tmpfs none /proc && exec "$@"', 'sh'] });
    await using listener = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    const { result, error } = await blind.request('port/find', { port: listener.port });
    // Without native calls /proc is the only source of sockets, too.
    if (hasNative) expect(result).toMatchObject({ inUse: true, entries: [{ owners: [], visibility: 'unknown' }] });
    else expect(error).toMatchObject({ code: 1009, data: { kind: 'Unsupported' } });
    expect((await blind.request('process/get', { target: { pid: process.pid } })).error).toMatchObject({
      code: 1009,
      data: { kind: 'Unsupported' },
    });
  });
});
