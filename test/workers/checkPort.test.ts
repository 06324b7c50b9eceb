import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { probeMark } from '../../src/native/linux/bindProbe.ts';
import { checkPort, type PortQuestion, type PortVerdict } from '../../src/workers/tasks/checkPort.ts';
import { onLinux } from '../harness/only.ts';
import {
  bindUdp,
  bindWithoutListening,
  findFreePort,
  hasIpv6,
  hasKoffi,
  listen,
  runTaskElsewhere,
  socketsOnly,
  sources,
} from './socketScenes.ts';

const free: PortVerdict = { inUse: false, canBind: true, reason: null };
const inUse: PortVerdict = { inUse: true, canBind: false, reason: 'inUse' };
const hidden: PortVerdict = { inUse: false, canBind: false, reason: 'inUse' };
const localhost = hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1'];

onLinux(describe).each(sources)('port/check, from the $source', ({ native }) => {
  const platform = socketsOnly(native);
  const ask = (port: number, hosts: string[] | null = null, more: Partial<PortQuestion> = {}) =>
    checkPort({ protocol: 'tcp', port, hosts, ...more }, platform);

  test('a free port, each way to ask', async () => {
    const port = await findFreePort();
    for (const protocol of ['tcp', 'udp'] as const) {
      for (const hosts of [null, ['127.0.0.1'], ['127.0.0.2'], ['0.0.0.0'], localhost]) {
        expect(await ask(port, hosts, { protocol })).toEqual(free);
        expect(await ask(port, hosts, { protocol, bind: 'never' })).toEqual(free);
      }
    }
  });

  test('what shows itself without a thread is what a look says, and nothing else', async ({ skip }) => {
    const { isSurelyFree } = platform.sockets;
    expect(isSurelyFree !== undefined).toBe(native);
    if (isSurelyFree === undefined) return;
    if (!hasKoffi) skip('needs koffi');
    await using loopback = await listen({ host: '127.0.0.1' });
    await using everywhere = await listen({ host: '0.0.0.0' });
    await using silent = await bindWithoutListening();
    for (const port of [await findFreePort(), loopback.port, everywhere.port, silent.port, 65_535]) {
      for (const host of ['0.0.0.0', '127.0.0.1', '127.0.0.2', '192.0.2.1', '::', '::1'])
        expect({ port, host, isFree: isSurelyFree(host, port) }).toEqual({ port, host, isFree: (await ask(port, [host])).canBind });
    }
  });

  test.each(['try', 'never'] as const)('a listener stands in the way of its own address and of the wildcard (bind: %s)', async (bind) => {
    await using place = await listen({ host: '127.0.0.1' });
    expect(await ask(place.port, null, { bind })).toEqual(inUse);
    expect(await ask(place.port, ['127.0.0.1'], { bind })).toEqual(inUse);
    expect(await ask(place.port, ['0.0.0.0'], { bind })).toEqual(inUse);
    expect(await ask(place.port, localhost, { bind })).toEqual(inUse);
    expect(await ask(place.port, ['127.0.0.2'], { bind })).toEqual(free);
    expect(await ask(place.port, ['127.0.0.1'], { bind, protocol: 'udp' })).toEqual(free);
  });

  test('a wildcard listener serves every address of its family', async () => {
    await using place = await listen({ host: '0.0.0.0' });
    expect(await ask(place.port, ['127.0.0.2'])).toEqual(inUse);
    if (hasIpv6) expect(await ask(place.port, ['::1'])).toEqual(free);
  });

  test('an IPv6 wildcard serves IPv4 unless it is v6only', async ({ skip }) => {
    if (!hasIpv6) skip('this machine has no IPv6');
    await using both = await listen({ host: '::' });
    expect(await ask(both.port, ['127.0.0.1'])).toEqual(inUse);
    expect(await ask(both.port, ['::ffff:127.0.0.1'])).toEqual(inUse);
    await using single = await listen({ host: '::', ipv6Only: true });
    expect(await ask(single.port, ['127.0.0.1'])).toEqual(free);
    expect(await ask(single.port, ['0.0.0.0'])).toEqual(free);
    expect(await ask(single.port, ['::1'])).toEqual(inUse);
    expect(await ask(single.port)).toEqual(inUse);
  });

  test('UDP: held with or without SO_REUSEADDR, and by a connected socket that is no listener', async () => {
    for (const reuseAddr of [false, true]) {
      await using place = await bindUdp('127.0.0.1', { reuseAddr });
      for (const hosts of [null, ['127.0.0.1']]) expect(await ask(place.port, hosts, { protocol: 'udp' })).toEqual(inUse);
      expect(await ask(place.port, ['127.0.0.2'], { protocol: 'udp' })).toEqual(free);
      place.socket.connect(9, '127.0.0.1');
      await once(place.socket, 'connect');
      // Without native calls the rules alone decide about UDP, and know of no connected sockets.
      const refused = native && hasKoffi ? hidden : free;
      for (const hosts of [null, ['127.0.0.1']]) expect(await ask(place.port, hosts, { protocol: 'udp' })).toEqual(refused);
    }
  });

  test('a socket that is bound and does not listen is named as what it is', async ({ skip }) => {
    if (!hasKoffi) skip('needs koffi');
    await using place = await bindWithoutListening();
    const bound: PortVerdict = { inUse: false, canBind: false, reason: 'boundNotListening' };
    expect(await ask(place.port)).toEqual(bound);
    expect(await ask(place.port, ['127.0.0.1'])).toEqual(bound);
    expect(await ask(place.port, ['127.0.0.2'])).toEqual(free);
  });

  test('an address that is not of this machine', async () => {
    const port = await findFreePort();
    const away: PortVerdict = { inUse: false, canBind: false, reason: 'addressUnavailable' };
    // 192.0.2.0/24 and 2001:db8::/32 are for documentation: RFC 5737, RFC 3849.
    for (const hosts of [['192.0.2.200'], ['2001:db8::1'], ['fe80::1%nosuch0']]) {
      expect(await ask(port, hosts)).toEqual(away);
      expect(await ask(port, hosts, { bind: 'never' })).toEqual(away);
    }
  });

  test('what is no address is refused with a sentence', async () => {
    await expect(ask(80, ['example.org'])).rejects.toMatchObject({ failure: { kind: 'InvalidParams' } });
  });

  test('below 1024 another user is denied, and still sees who listens', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can ask as another user');
    const rules = await platform.sockets.readRules();
    if (rules.unprivilegedPortStart < 1024) skip('every user may bind privileged ports here');
    expect(rules.mayBindPrivileged).toBe(true);
    const port = await findFreePrivilegedPort();
    const nobody = (questions: PortQuestion[]) => runTaskElsewhere<PortVerdict>('checkPort', native, questions, 65_534);
    const questions = (['tcp', 'udp'] as const).flatMap((protocol) =>
      [null, ['127.0.0.1']].flatMap((hosts) => (['try', 'never'] as const).map((bind) => ({ protocol, port, hosts, bind }))),
    );
    expect(await nobody(questions)).toEqual(questions.map(() => ({ inUse: false, canBind: false, reason: 'accessDenied' })));
    await using place = await listen({ port, host: '127.0.0.1' });
    const held = questions.filter(({ protocol }) => protocol === 'tcp').map((question) => ({ ...question, port: place.port }));
    expect(await nobody(held)).toEqual(held.map(() => inUse));
  });

  test.each(['tcp', 'udp'] as const)('60 checks at once, in three processes, all say that a free %s port is free', async (protocol) => {
    const port = await findFreePort();
    const question: PortQuestion = { protocol, port, hosts: null };
    const answers = await Promise.all([
      runTaskElsewhere<PortVerdict>('checkPort', native, Array(60).fill(question)),
      runTaskElsewhere<PortVerdict>('checkPort', native, Array(60).fill({ ...question, hosts: ['127.0.0.1'] })),
      runTaskElsewhere<PortVerdict>('checkPort', true, Array(60).fill(question)),
    ]);
    expect(answers.flat()).toEqual(Array(180).fill(free));
  });

  test('an attempt of a sibling that takes long is known by its mark, and is nobody’s port', async ({ skip }) => {
    if (!native) skip('only the kernel tells the mark; /proc/net does not');
    if (!hasKoffi) skip('needs koffi');
    await using attempt = await bindUdp('0.0.0.0');
    expect(await ask(attempt.port, null, { protocol: 'udp' })).toEqual(inUse);
    attempt.socket.setRecvBufferSize(probeMark.receiveBytes / 2);
    attempt.socket.setSendBufferSize(probeMark.sendBytes / 2);
    for (const hosts of [null, ['127.0.0.1']]) expect(await ask(attempt.port, hosts, { protocol: 'udp' })).toEqual(free);
    expect(await platform.sockets.read({ protocols: ['udp'], port: attempt.port })).toEqual([]);
    expect(await platform.sockets.lookup('udp', '127.0.0.1', attempt.port)).toBeNull();
  });

  test('a check leaves nothing behind that listens', async () => {
    const port = await findFreePort();
    for (let round = 0; round < 20; round++) await ask(port);
    await using place = await listen({ port, host: '0.0.0.0' });
    expect(place.port).toBe(port);
  });
});

async function findFreePrivilegedPort(): Promise<number> {
  for (let port = 1023; port > 600; port--) {
    try {
      await using place = await listen({ port, host: '0.0.0.0' });
      return place.port;
    } catch {
      // Held; the next one.
    }
  }
  throw new Error('no privileged port is free');
}
