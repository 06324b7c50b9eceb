import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PortEntry } from '../../src/protocol/types/port.ts';
import { hasIpv6, needs } from '../harness/needs.ts';
import { onLinux, withPython } from '../harness/only.ts';
import { bindUdp, findFreePort, listen, summarize } from '../harness/ports.ts';
import { holdSockets, nodeProgram, pythonProgram, type SocketSpec, spawnProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { consultPsutil } from '../oracle/psutil.ts';

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(() => sidecar?.[Symbol.asyncDispose]());

const find = async (port: number, more: { protocol?: 'tcp' | 'udp'; host?: string } = {}) =>
  (await sidecar.call('port/find', { port, ...more })).entries;

onLinux(describe)('port/find', () => {
  test('nobody is an empty list and not in use', async () => {
    expect(await sidecar.call('port/find', { port: await findFreePort() })).toEqual({ inUse: false, entries: [] });
  });

  test('says all of a listener', async () => {
    await using listener = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    const [entry, ...others] = await find(listener.port);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      protocol: 'tcp',
      family: 'ipv4',
      dualStack: false,
      address: '127.0.0.1',
      port: listener.port,
      state: 'listen',
      visibility: 'full',
    });
    expect(entry?.owners).toMatchObject([{ pid: process.pid, ppid: process.ppid, status: expect.any(String), visibility: 'full' }]);
  });

  test('never a client, its own end of a connection, or a connected socket of the server', async () => {
    await using listener = await spawnProgram(nodeProgram('listen', await findFreePort(), '127.0.0.1'));
    const port = Number(listener.child.spawnargs.at(-2));
    await using client = await spawnProgram(nodeProgram('connect', port));
    const ours = connect(port, '127.0.0.1');
    await once(ours, 'connect');
    const clientPort = ours.localPort as number;
    expect(client.pid).not.toBe(listener.pid);
    expect(summarize(await find(port))).toEqual([`tcp 127.0.0.1 by ${listener.pid}`]);
    expect(await find(clientPort)).toEqual([]);
    ours.destroy();
    await once(ours, 'close');
  });

  test('all who listen on one port with SO_REUSEPORT, each in its own entry', async ({ skip }) => {
    needs.python(skip);
    const port = await findFreePort();
    const spec: SocketSpec = ['tcp', '0.0.0.0', port, 'reusePort', 'listen'];
    await using first = await holdSockets([spec]);
    await using second = await holdSockets([spec, spec]);
    const expected = [first, second, second].map(({ pid }) => `tcp 0.0.0.0 by ${pid}`);
    expect(summarize(await find(port)).sort()).toEqual(expected.sort());
  });

  test('forked children that share the socket are owners too, also when the parent has gone', async ({ skip }) => {
    needs.python(skip);
    // The shell keeps their input open when the parent is killed alone.
    await using family = await spawnProgram(pythonProgram('shareListener', 3), { under: ['sh', '-c', '"$@"; exec cat', 'sh'] });
    const [port, pids] = JSON.parse(family.ready) as [number, [number, ...number[]]];
    const [parent, ...children] = pids;
    expect(children).toHaveLength(3);
    expect(summarize(await find(port))).toEqual([`tcp 127.0.0.1 by ${inOrder(pids)}`]);
    process.kill(parent, 'SIGKILL');
    await sidecar.call('process/wait', { target: { pid: parent }, timeoutMs: 10_000 });
    expect(summarize(await find(port))).toEqual([`tcp 127.0.0.1 by ${inOrder(children)}`]);
  });

  test('IPv4, IPv6, a loopback alias and UDP on one port are entries of their own', async ({ skip }) => {
    needs.python(skip);
    const port = await findFreePort();
    await using one = await holdSockets([
      ['tcp', '127.0.0.1', port, 'listen'],
      ['udp', '127.0.0.1', port],
    ]);
    await using alias = await holdSockets([['tcp', '127.0.0.2', port, 'listen']]);
    await using six = hasIpv6 ? await holdSockets([['tcp', '::', port, 'listen', 'v6only']]) : null;
    const v6 = six ? [`tcp :: by ${six.pid}`] : [];
    expect(summarize(await find(port))).toEqual([`tcp 127.0.0.1 by ${one.pid}`, `tcp 127.0.0.2 by ${alias.pid}`, ...v6]);
    expect(summarize(await find(port, { protocol: 'udp' }))).toEqual([`udp 127.0.0.1 by ${one.pid}`]);
    expect(summarize(await find(port, { host: '127.0.0.2' }))).toEqual([`tcp 127.0.0.2 by ${alias.pid}`]);
    if (six) expect(summarize(await find(port, { host: '::1' }))).toEqual(v6);
    if (six) expect(summarize(await find(port, { host: 'localhost' }))).toEqual([`tcp 127.0.0.1 by ${one.pid}`, ...v6]);
  });

  test('an IPv6 wildcard says whether it takes IPv4, and is found for IPv4 if so', async ({ skip }) => {
    skip(!hasIpv6, 'needs IPv6');
    await using both = await listen({ port: await findFreePort(), host: '::' });
    await using sixOnly = await listen({ port: await findFreePort(), host: '::', ipv6Only: true });
    // /proc/net does not print IPV6_V6ONLY: without native calls a bind of the IPv4 wildcard tells.
    for (const more of [{}, { host: '127.0.0.1' }, { host: '::1' }]) {
      expect(await find(both.port, more), JSON.stringify(more)).toMatchObject([{ family: 'ipv6', address: '::', dualStack: true }]);
    }
    expect(await find(sixOnly.port)).toMatchObject([{ family: 'ipv6', address: '::', dualStack: false }]);
    expect(await find(sixOnly.port, { host: '127.0.0.1' })).toEqual([]);
  });

  test('a connected UDP socket is no holder', async () => {
    await using udp = await bindUdp('127.0.0.1', await findFreePort());
    expect(await find(udp.port, { protocol: 'udp' })).toHaveLength(1);
    udp.socket.connect(9, '127.0.0.1');
    await once(udp.socket, 'connect');
    expect(await find(udp.port, { protocol: 'udp' })).toEqual([]);
  });

  withPython(test).each(['a b  c', 'x) S 1 (y', '((', 'line\nbreak', '\t"\\', 'ääääääé'])('a process may be called %j', async (name) => {
    await using holder = await holdSockets([['tcp', '127.0.0.1', 0, 'listen']], { name });
    const [entry] = await find(holder.port);
    expect(entry?.owners).toMatchObject([{ pid: holder.pid, ppid: process.pid, name }]);
  });

  test('a long command line is capped, and well-formed whatever it contains', async ({ skip }) => {
    needs.python(skip);
    const under = ['sh', '-c', 'exec "$@" "" "$(printf "\\377\\376x")" "$0"', 'ü'.repeat(50_000)];
    await using holder = await holdSockets([['tcp', '127.0.0.1', 0, 'listen']], { under });
    const [owner] = (await find(holder.port))[0]?.owners ?? [];
    const commandLine = owner?.commandLine ?? [];
    const bytes = Buffer.byteLength(commandLine.join('\0'));
    expect(bytes).toBeLessThanOrEqual(32 * 1024);
    expect(bytes).toBeGreaterThan(32 * 1024 - 4);
    expect(commandLine).toContain('\ufffd\ufffdx');
    expect(commandLine.at(-1)).toMatch(/^ü+$/);
  });

  test('the same port in another network namespace is another port', async ({ skip }) => {
    needs.python(skip);
    needs.namespaces(skip);
    await using there = await holdSockets([['tcp', '0.0.0.0', await findFreePort(), 'listen']], { under: ['unshare', '-n'] });
    expect(await sidecar.call('port/find', { port: there.port })).toEqual({ inUse: false, entries: [] });
    expect(await sidecar.call('port/check', { port: there.port })).toMatchObject({ inUse: false, canBind: true });
    await using here = await listen({ port: there.port, host: '127.0.0.1' });
    expect(summarize(await find(here.port))).toEqual([`tcp 127.0.0.1 by ${process.pid}`]);
    await using neighbour = await startSidecar({ under: ['unshare', '-n'] });
    expect(await neighbour.call('port/find', { port: there.port })).toEqual({ inUse: false, entries: [] });
  });

  test('50 questions at once are all answered truly', async () => {
    await using listener = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    const free = await findFreePort();
    const answers = await Promise.all(Array.from({ length: 50 }, (_, index) => find(index % 2 ? listener.port : free)));
    answers.forEach((entries, index) => {
      expect(summarize(entries)).toEqual(index % 2 ? [`tcp 127.0.0.1 by ${process.pid}`] : []);
    });
  });
});

/** All pages. */
async function list(params: { protocol?: 'tcp' | 'udp'; limit: number }): Promise<PortEntry[]> {
  const entries: PortEntry[] = [];
  for (let cursor: string | undefined, isLast = false; !isLast; ) {
    const page = await sidecar.call('port/list', { ...params, ...(cursor !== undefined && { cursor }) });
    expect(page.entries.length).toBeLessThanOrEqual(params.limit);
    entries.push(...page.entries);
    cursor = page.nextCursor;
    isLast = cursor === undefined;
  }
  return entries;
}

onLinux(describe)('port/list', () => {
  test('pages of any size give the same set, without a loss or a double', async ({ skip }) => {
    needs.python(skip);
    const port = await findFreePort();
    const spec: SocketSpec = ['udp', '127.0.0.1', port, 'reusePort'];
    await using _holder = await holdSockets([spec, spec, spec, ['udp', '127.0.0.2', port], ['udp', '127.0.0.1', await findFreePort()]]);
    // Other programs open and close sockets meanwhile: only this port is compared.
    const read = async (limit: number): Promise<string[]> => {
      const entries = await list({ protocol: 'udp', limit });
      expect(entries.map((entry) => entry.port)).toEqual(entries.map((entry) => entry.port).sort((left, right) => left - right));
      return summarize(entries.filter((entry) => entry.port === port));
    };
    const whole = await read(5_000);
    expect(whole).toHaveLength(4);
    for (const limit of [1, 2, 3, 7]) expect(await read(limit), `limit ${limit}`).toEqual(whole);
  });

  test('one protocol on demand', async () => {
    await using udp = await bindUdp('127.0.0.1', await findFreePort());
    await using tcp = await listen({ port: udp.port, host: '127.0.0.1' });
    const read = async (protocol?: 'tcp' | 'udp') => {
      const entries = await list({ limit: 5_000, ...(protocol && { protocol }) });
      return entries.filter(({ port }) => port === tcp.port).map((entry) => entry.protocol);
    };
    expect([await read('tcp'), await read('udp'), await read()]).toEqual([['tcp'], ['udp'], ['tcp', 'udp']]);
  });

  test.each([{ limit: 0 }, { limit: 5_001 }, { cursor: '' }])('%j is InvalidParams', async (params) => {
    expect((await sidecar.request('port/list', params)).error).toMatchObject({ code: -32602 });
  });
});

onLinux(describe)('psutil is the oracle', () => {
  test('on a scene of mixed listeners both name the same owners, and say the same of them', { timeout: 120_000 }, async ({ skip }) => {
    const oracle = await consultPsutil();
    if ('reason' in oracle) return skip(true, oracle.reason);
    const port = await findFreePort();
    const v6 = (...specs: SocketSpec[]): SocketSpec[] => (hasIpv6 ? specs : []);
    await using mixed = await holdSockets(
      [
        ['tcp', '127.0.0.1', 0, 'listen'],
        ['tcp', '127.0.0.2', 0, 'listen'],
        ['tcp', '0.0.0.0', 0, 'listen'],
        ['tcp', '127.0.0.1', port, 'listen', 'reusePort'],
        ['tcp', '127.0.0.1', port, 'listen', 'reusePort'],
        ['udp', '127.0.0.1', port],
        ['udp', '0.0.0.0', 0],
        ['tcp', '127.0.0.1', 0],
        ...v6(['tcp', '::1', port, 'listen'], ['tcp', '::', 0, 'listen'], ['tcp', '::', 0, 'listen', 'v6only'], ['udp', '::1', port]),
      ],
      { name: 'mixed (1) S' },
    );
    await using sibling = await holdSockets([['tcp', '127.0.0.1', port, 'listen', 'reusePort']]);
    await using sharing = await spawnProgram(pythonProgram('shareListener', 2));
    await using stopped = await holdSockets([['tcp', '127.0.0.1', 0, 'listen']]);
    stopped.child.kill('SIGSTOP');
    await using server = await spawnProgram(nodeProgram('listen', await findFreePort(), '127.0.0.1'));
    await using client = await spawnProgram(nodeProgram('connect', port));
    const [sharedPort, sharedPids] = JSON.parse(sharing.ready) as [number, number[]];
    const ports = [...mixed.ports, sharedPort, stopped.port, Number(server.child.spawnargs.at(-2))];
    const pids = [mixed, sibling, stopped, server, client].map(({ pid }) => pid).concat(sharedPids);

    const theirs = await oracle.ask({ ports, pids });
    const entries = (await list({ limit: 5_000 })).filter((entry) => ports.includes(entry.port));
    const ours = entries.flatMap((entry) => entry.owners.map(({ pid }) => `${entry.protocol} ${entry.address} ${entry.port} ${pid}`));
    expect(new Set(ours)).toEqual(new Set(theirs.holders.map((holder) => holder.join(' '))));
    expect(new Set(ours).size).toBeGreaterThanOrEqual(hasIpv6 ? 16 : 12);

    const { processes } = await sidecar.call('process/list', { filter: { pids } });
    const startsOf = new Map(theirs.processes.map(({ pid, startedAt }) => [pid, startedAt]));
    for (const { pid, startedAt } of processes)
      expect(Math.abs(startedAt - (startsOf.get(pid) ?? 0)), `the start of ${pid}`).toBeLessThan(20);
    const facts = processes.map(({ pid, ppid, name, commandLine, user, status }) => ({
      pid,
      ppid,
      name,
      commandLine,
      user: user?.name,
      status,
    }));
    expect(facts).toEqual(theirs.processes.map(({ startedAt: _, ...rest }) => rest).sort((left, right) => left.pid - right.pid));
  });
});

const inOrder = (pids: number[]): string => [...pids].sort((left, right) => left - right).join(',');
