import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasIpv6, needs, nobody } from '../harness/needs.ts';
import { onLinux } from '../harness/only.ts';
import { bindUdp, findFreePort, listen } from '../harness/ports.ts';
import { holdSockets } from '../harness/processes.ts';
import { hasNative, startSidecar, type TestSidecar } from '../harness/sidecar.ts';

/* Every cause that can be made real here. The hidden ones stand in hidden.test.ts. */

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(() => sidecar?.[Symbol.asyncDispose]());

/** What it says, after what must be so of everything it says. */
async function explain(port: number, asked: TestSidecar = sidecar) {
  const answer = await asked.call('port/explain', { port });
  expect(answer.summary).toMatch(/^[A-Z].*\.$/s);
  expect(answer.summary).toContain(String(port));
  for (const { text } of answer.suggestions) expect(text).toMatch(/^[A-Z].*\.$/s);
  return answer;
}

onLinux(describe)('port/explain', () => {
  test('free', async () => {
    const { cause, suggestions } = await explain(await findFreePort());
    expect({ cause, suggestions }).toEqual({ cause: 'free', suggestions: [] });
  });

  test('listening: names the owner, where it listens and its command', async () => {
    await using listener = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    const { cause, summary, evidence, suggestions } = await explain(listener.port);
    expect(cause).toBe('listening');
    expect(summary).toContain(`pid ${process.pid}`);
    expect(summary).toContain(`127.0.0.1:${listener.port}`);
    expect(evidence.join('\n')).toMatch(/listens; owner: .*command: /);
    expect(evidence.join('\n')).toContain('EADDRINUSE');
    expect(suggestions).not.toEqual([]);
  });

  test('boundNotListening: names who bound it', async ({ skip }) => {
    needs.python(skip);
    await using holder = await holdSockets([['tcp', '127.0.0.1', await findFreePort()]]);
    const { cause, summary } = await explain(holder.port);
    expect(cause).toBe('boundNotListening');
    // Such a socket stands in no file of /proc/net; that it is there, the refused bind tells.
    if (hasNative) expect(summary).toContain(`pid ${holder.pid}`);
  });

  test('boundNotListening, shared: it is seen although the port could be bound', async ({ skip }) => {
    needs.python(skip);
    await using holder = await holdSockets([['tcp', '127.0.0.1', await findFreePort(), 'reuse']]);
    const { cause, evidence } = await explain(holder.port);
    expect(cause).toBe(hasNative ? 'boundNotListening' : 'free');
    if (hasNative) expect(evidence.join('\n')).toContain(`pid ${holder.pid}`);
  });

  test('closing: connections in TIME_WAIT after the server has gone', async () => {
    const port = await findFreePort();
    // The server closes first, so the TIME_WAIT is on its side.
    await using listener = await listen({ port, host: '127.0.0.1' });
    const client = connect(port, '127.0.0.1').resume();
    await once(client, 'close');
    await listener[Symbol.asyncDispose]();
    const { cause, summary, suggestions } = await explain(port);
    expect(cause).toBe('closing');
    expect(summary).toContain('TIME_WAIT');
    expect(suggestions[0]?.text).toContain('SO_REUSEADDR');
  });

  test('closing: a server that left keeps its port through a connection that lives', async () => {
    const port = await findFreePort();
    await using listener = await listen({ port, host: '127.0.0.1' });
    listener.server.removeAllListeners('connection');
    const accepted = once(listener.server, 'connection');
    const client = connect(port, '127.0.0.1');
    const [server] = await accepted;
    listener.server.close();
    const { summary, evidence } = await explain(port);
    expect([summary, ...evidence].join('\n')).toContain('1 still connected');
    client.destroy();
    server.destroy();
    await once(listener.server, 'close');
  });

  test('privileged, as another user', async ({ skip }) => {
    needs.root(skip);
    const start = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'));
    skip(start < 600, `needs privileged ports; this network namespace has them below ${start}`);
    await using stranger = await startSidecar({ uid: nobody });
    const { cause, summary, evidence } = await explain(await findFreePort(512, start - 1), stranger);
    expect(cause).toBe('privileged');
    expect(summary).toContain(`below ${start}`);
    expect(evidence.join('\n')).toContain('EACCES');
  });

  test('reservedByOs: the administrator set it aside', async ({ skip }) => {
    needs.namespaces(skip);
    // The setting belongs to the network namespace: the machine’s own stays as it is.
    const under = ['unshare', '-n', 'sh', '-c', 'echo 23450-23459,24000 > /proc/sys/net/ipv4/ip_local_reserved_ports && exec "$@"', 'sh'];
    await using elsewhere = await startSidecar({ under });
    for (const [port, range] of [
      [23_455, '23450-23459'],
      [24_000, '24000'],
    ] as const) {
      const { cause, summary } = await explain(port, elsewhere);
      expect({ port, cause }).toEqual({ port, cause: 'reservedByOs' });
      expect(summary).toContain(range);
    }
    expect((await explain(23_460, elsewhere)).cause).toBe('free');
  });

  test('udpOnly: TCP is free, and asked about UDP it is held', async () => {
    await using udp = await bindUdp('127.0.0.1', await findFreePort());
    const { cause, summary } = await explain(udp.port);
    expect(cause).toBe('udpOnly');
    expect(summary).toContain(`pid ${process.pid}`);
    expect(await sidecar.call('port/explain', { port: udp.port, protocol: 'udp' })).toMatchObject({ cause: 'listening' });
    expect(await sidecar.call('port/explain', { port: udp.port, protocol: 'tcp' })).toMatchObject({ cause: 'free' });
  });

  test('ipv6Only: IPv4 clients are not served', async ({ skip }) => {
    skip(!hasIpv6, 'needs IPv6');
    await using listener = await listen({ port: await findFreePort(), host: '::', ipv6Only: true });
    const { cause, summary } = await explain(listener.port);
    expect(cause).toBe('ipv6Only');
    expect(summary).toContain(`pid ${process.pid}`);
  });

  test('dual stack is not IPv6 only', async ({ skip }) => {
    skip(!hasIpv6, 'needs IPv6');
    await using listener = await listen({ port: await findFreePort(), host: '::' });
    expect((await explain(listener.port)).cause).toBe('listening');
  });
});
