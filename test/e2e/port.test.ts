import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Params } from '../../src/protocol/methods/index.ts';
import { hasIpv6, isLinux, needs, nobody } from '../harness/needs.ts';
import { onLinux, only } from '../harness/only.ts';
import { bindUdp, findFreePort, listen } from '../harness/ports.ts';
import { holdSockets, type SocketSpec } from '../harness/processes.ts';
import { hasNative, startSidecar, type TestSidecar } from '../harness/sidecar.ts';

const free = { inUse: false, canBind: true, reason: null };
const inUse = { inUse: true, canBind: false, reason: 'inUse' };
const away = { inUse: false, canBind: false, reason: 'addressUnavailable' };
/** Of TEST-NET-3 (RFC 5737) and of the documentation prefix (RFC 3849): nobody’s. */
const notOurs = ['203.0.113.7', '2001:db8::7'];

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(() => sidecar?.[Symbol.asyncDispose]());

const check = (port: number, more: Partial<Params<'port/check'>> = {}) => sidecar.call('port/check', { port, ...more });

only(!isLinux, 'needs another system than Linux')(test)('elsewhere a question about ports is Unsupported, in a sentence', async () => {
  const { error } = await sidecar.request('port/check', { port: 3000 });
  expect(error).toMatchObject({ code: 1009, data: { kind: 'Unsupported', platform: process.platform } });
  expect(error?.message).toMatch(/^[A-Z].*\.$/);
});

onLinux(describe)('port/check', () => {
  test('a free port is free for every host that is ours', async () => {
    const port = await findFreePort();
    for (const protocol of ['tcp', 'udp'] as const) {
      expect(await check(port, { protocol })).toEqual(free);
      for (const host of ['127.0.0.1', '127.0.0.2', '0.0.0.0', 'localhost'])
        expect(await check(port, { protocol, host }), host).toEqual(free);
      for (const host of notOurs) expect(await check(port, { protocol, host }), host).toEqual(away);
      for (const host of ['::1', '::', '::ffff:127.0.0.1']) {
        if (hasIpv6) expect(await check(port, { protocol, host }), host).toEqual(free);
      }
    }
  });

  /** Who can reach the listener, and so whose bind it refuses: a wildcard is refused by any listener of its family. */
  const v4 = ['127.0.0.1', '0.0.0.0', 'localhost', undefined];
  const v6 = ['::1', '::', 'localhost', undefined];
  test.each<[string, SocketSpec[1], boolean, (string | undefined)[]]>([
    ['127.0.0.1', '127.0.0.1', false, v4],
    ['127.0.0.2', '127.0.0.2', false, ['127.0.0.2', '0.0.0.0', undefined]],
    ['0.0.0.0', '0.0.0.0', false, [...v4, '127.0.0.2']],
    ['::1', '::1', false, v6],
    [':: without IPv4', '::', true, v6],
    [':: with IPv4', '::', false, [...v6, ...v4, '127.0.0.2']],
  ])('a listener on %s serves whom it serves', async (_name, host, ipv6Only, served) => {
    if (host.includes(':') && !hasIpv6) return expect((await check(await findFreePort(), { host })).canBind).toBe(false);
    await using listener = await listen({ port: await findFreePort(), host, ipv6Only });
    for (const asked of [undefined, '127.0.0.1', '127.0.0.2', '0.0.0.0', 'localhost', ...(hasIpv6 ? ['::1', '::'] : [])]) {
      const answer = await check(listener.port, asked === undefined ? {} : { host: asked });
      expect(answer, `host ${asked}`).toEqual(served.includes(asked) ? inUse : free);
    }
    expect(await check(listener.port, { protocol: 'udp' })).toEqual(free);
  });

  test('an address that is not ours stays so beside a listener on all of ours', async () => {
    await using listener = await listen({ port: await findFreePort(), host: '0.0.0.0' });
    expect(await check(listener.port, { host: '203.0.113.7' })).toEqual(away);
  });

  test('UDP: bound is in use, connected is not, and refuses a bind all the same', async () => {
    await using bound = await bindUdp('127.0.0.1', await findFreePort());
    expect(await check(bound.port, { protocol: 'udp' })).toEqual(inUse);
    expect(await check(bound.port, { protocol: 'udp', host: '127.0.0.2' })).toEqual(free);
    expect(await check(bound.port)).toEqual(free);
    bound.socket.connect(9, '127.0.0.1');
    await once(bound.socket, 'connect');
    // Without native calls the rules alone decide about UDP, and know of no connected sockets.
    const refused = { inUse: false, canBind: false, reason: 'inUse' };
    expect(await check(bound.port, { protocol: 'udp' })).toEqual(hasNative ? refused : free);
  });

  test('bound without listening is seen, and refuses whoever cannot share', async ({ skip }) => {
    needs.python(skip);
    const [port, shared] = [await findFreePort(), await findFreePort()];
    await using _holder = await holdSockets([
      ['tcp', '127.0.0.1', port],
      ['tcp', '127.0.0.1', shared, 'reuse'],
    ]);
    for (const host of [undefined, '127.0.0.1', '0.0.0.0', 'localhost']) {
      const answer = await check(port, host === undefined ? {} : { host });
      expect(answer, `host ${host}`).toEqual({ inUse: false, canBind: false, reason: 'boundNotListening' });
    }
    expect(await check(port, { host: '127.0.0.2' })).toEqual(free);
    // Two sockets with SO_REUSEADDR may share a port until one of them listens: socket(7).
    expect(await check(shared)).toEqual(free);
  });

  test('60 checks at once of one free port from each of two sidecars all say free', async () => {
    await using other = await startSidecar();
    for (const protocol of ['tcp', 'udp'] as const) {
      for (const host of [{}, { host: '127.0.0.1' }]) {
        const port = await findFreePort();
        const checks = [sidecar, other].flatMap((one) =>
          Array.from({ length: 60 }, () => one.call('port/check', { port, protocol, ...host })),
        );
        expect(new Set((await Promise.all(checks)).map((answer) => JSON.stringify(answer)))).toEqual(new Set([JSON.stringify(free)]));
      }
    }
  });

  test('never connects', async () => {
    await using listener = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    const { port } = listener;
    await Promise.all([{}, { host: '127.0.0.1' }, { host: '0.0.0.0' }, { host: 'localhost' }].map((more) => check(port, more)));
    await sidecar.call('port/find', { port });
    await sidecar.call('port/explain', { port });
    await sidecar.call('port/wait', { port, state: 'listening', timeoutMs: 0 });
    // Connections are accepted in their order: when ours has been, whatever came before it has been as well.
    await once(
      connect(port, '127.0.0.1').on('error', () => {}),
      'close',
    );
    expect(listener.accepted()).toBe(1);
  });

  test('never listens', async () => {
    const port = await findFreePort();
    const checks = Promise.all(Array.from({ length: 60 }, () => check(port)));
    let isDone = false;
    void checks.finally(() => {
      isDone = true;
    });
    let attempts = 0;
    for (; !isDone; attempts += 1) {
      const [error] = await once(connect(port, '127.0.0.1'), 'error');
      expect(error).toMatchObject({ code: 'ECONNREFUSED' });
    }
    await checks;
    expect(attempts).toBeGreaterThan(0);
  });

  test('another user is refused below 1024, and told so', async ({ skip }) => {
    needs.root(skip);
    const start = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
    skip(start < 600, `needs privileged ports; this network namespace has them below ${start}`);
    const port = await findFreePort(512, start - 1);
    await using stranger = await startSidecar({ uid: nobody });
    for (const more of [{}, { host: '127.0.0.1' }, { protocol: 'udp' as const }]) {
      expect(await stranger.call('port/check', { port, ...more })).toEqual({ inUse: false, canBind: false, reason: 'accessDenied' });
      expect(await check(port, more)).toEqual(free);
    }
    expect(await stranger.call('port/check', { port: await findFreePort(start, start + 1_000) })).toEqual(free);
  });

  test.each([
    ['a name as host', { port: 3000, host: 'example.org' }, 'host'],
    ['an IPv4 address short of a number', { port: 3000, host: '127.0.1' }, 'host'],
    ['port 0', { port: 0 }, 'port'],
    ['port 65536', { port: 65_536 }, 'port'],
    ['half a port', { port: 80.5 }, 'port'],
    ['a port in words', { port: '80' }, 'port'],
    ['no port', {}, 'port'],
    ['an unknown protocol', { port: 80, protocol: 'sctp' }, 'protocol'],
  ])('%s is InvalidParams that name the member', async (_name, params, path) => {
    const { error } = await sidecar.request('port/check', params);
    expect(error).toMatchObject({ code: -32602, data: { kind: 'InvalidParams', issues: [{ path }] } });
  });
});

onLinux(describe)('port/wait', () => {
  const wait = (port: number, state: 'listening' | 'free', more: object = {}) =>
    sidecar.call('port/wait', { port, state, timeoutMs: 10_000, ...more });

  test('answers when a server comes up, and when it has gone', async () => {
    const port = await findFreePort();
    const up = wait(port, 'listening');
    const upHere = wait(port, 'listening', { host: '127.0.0.1' });
    const upElsewhere = wait(port, 'listening', { host: '127.0.0.2', timeoutMs: 400 });
    await sidecar.call('sidecar/ping', {});
    await using listener = await listen({ port, host: '127.0.0.1' });
    expect(await up).toMatchObject({ reached: true });
    expect(await upHere).toMatchObject({ reached: true });
    expect(await upElsewhere).toMatchObject({ reached: false });
    const gone = wait(port, 'free');
    await sidecar.call('sidecar/ping', {});
    await listener[Symbol.asyncDispose]();
    expect(await gone).toMatchObject({ reached: true });
  });

  test('what is so already is answered at once, also without any time', async () => {
    await using listener = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    expect(await wait(listener.port, 'listening', { timeoutMs: 0 })).toMatchObject({ reached: true });
    expect(await wait(await findFreePort(), 'free', { timeoutMs: 0 })).toMatchObject({ reached: true });
    await using udp = await bindUdp('127.0.0.1', await findFreePort());
    expect(await wait(udp.port, 'listening', { protocol: 'udp', timeoutMs: 0 })).toMatchObject({ reached: true });
  });

  test('not in time is an answer, and says how long it took', async () => {
    const { reached, elapsedMs } = await wait(await findFreePort(), 'listening', { timeoutMs: 300 });
    expect(reached).toBe(false);
    expect(elapsedMs).toBeGreaterThanOrEqual(300);
    expect(elapsedMs).toBeLessThan(3_000);
  });

  test('what another bind keeps is not free', async ({ skip }) => {
    needs.python(skip);
    await using holder = await holdSockets([['udp', '127.0.0.1', await findFreePort()]]);
    expect(await wait(holder.port, 'free', { protocol: 'udp', timeoutMs: 200 })).toMatchObject({ reached: false });
    expect(await wait(holder.port, 'free', { timeoutMs: 0 })).toMatchObject({ reached: true });
  });

  test('can be cancelled', async () => {
    const asked = sidecar.request('port/wait', { port: await findFreePort(), state: 'listening', timeoutMs: 60_000 }, 'port-wait');
    sidecar.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id: 'port-wait' } });
    expect((await asked).error).toMatchObject({ code: -32800 });
  });
});
