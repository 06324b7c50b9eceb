import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { describe, expect, test } from 'vitest';
import { shareCandidates } from '../../src/workers/candidates.ts';
import type { OwnerScan, Platform, SocketRow } from '../../src/workers/platform/types.ts';
import { explainPort } from '../../src/workers/tasks/explainPort.ts';
import { readSockets } from '../../src/workers/tasks/readSockets.ts';
import { scanOwners } from '../../src/workers/tasks/scanOwners.ts';
import { onLinux } from '../harness/only.ts';
import { until } from '../harness/until.ts';
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
  start,
} from './socketScenes.ts';

onLinux(describe).each(sources)('sockets, from the $source', ({ source, native }) => {
  const platform = socketsOnly(native);

  test('says where it looks', () => {
    expect(platform.sockets).toHaveProperty('source', native && hasKoffi ? 'kernel' : 'procfs');
    expect(source).toMatch(/^(kernel|procfs)$/);
  });

  test('a listener is one row with its owner; its clients are none', async () => {
    await using place = await listen({ host: '127.0.0.1' });
    await using client = await start('connect', [place.port]);
    const { rows, candidates } = await readSockets({ protocols: ['tcp', 'udp'], port: place.port }, platform);
    expect(rows).toEqual([
      {
        protocol: 'tcp',
        family: 'ipv4',
        address: '127.0.0.1',
        port: place.port,
        state: 'listen',
        dualStack: false,
        key: expect.any(Number),
        uid: process.getuid?.(),
        pids: null,
      },
    ]);
    expect(candidates).toContain(client.pid);
    expect(await findOwners(platform, rows)).toEqual([process.pid]);
  });

  test('processes that share one listener are all its owners', async () => {
    await using place = await listen({ host: '127.0.0.1' });
    await using child = await start('holdDescriptors', [], { fd: descriptorOf(place.server) });
    const rows = await readRows(platform, 'tcp', place.port);
    expect(rows).toHaveLength(1);
    expect(await findOwners(platform, rows)).toEqual([process.pid, child.pid].sort(byNumber));
  });

  test('siblings by SO_REUSEPORT are a row each, each with its own owner', async () => {
    const port = await findFreePort();
    await using first = await start('listen', [port, '127.0.0.1', 'reusePort']);
    await using second = await start('listen', [port, '127.0.0.1', 'reusePort']);
    const rows = await readRows(platform, 'tcp', port);
    expect(rows).toHaveLength(2);
    const owners = await Promise.all(rows.map((row) => findOwners(platform, [row])));
    expect(owners.flat().sort(byNumber)).toEqual([first.pid, second.pid].sort(byNumber));
  });

  test('two threads that share the pids find together what one finds', async () => {
    await using place = await listen({ host: '127.0.0.1' });
    await using child = await start('holdDescriptors', [], { fd: descriptorOf(place.server) });
    const { rows, candidates } = await readSockets({ protocols: ['tcp'], port: place.port }, platform);
    const work = shareCandidates(candidates ?? []);
    const keys = rows.map(({ key }) => key);
    const shares = await Promise.all([scanOwners({ keys, work }, platform), scanOwners({ keys, work }, socketsOnly(!native))]);
    expect(pidsOf(shares)).toEqual([process.pid, child.pid].sort(byNumber));
  });

  test('IPv4, IPv6 and dual-stack listeners of one port', async ({ skip }) => {
    if (!hasIpv6) skip('this machine has no IPv6');
    const port = await findFreePort();
    {
      await using v4 = await listen({ port, host: '127.0.0.1' });
      await using v6 = await listen({ port, host: '::', ipv6Only: true });
      const rows = await readRows(platform, 'tcp', port);
      expect(rows.map(({ family, address, dualStack }) => [family, address, dualStack]).sort()).toEqual([
        ['ipv4', '127.0.0.1', false],
        ['ipv6', '::', false],
      ]);
      expect(await platform.sockets.lookup('tcp', '127.0.0.1', v4.port)).toMatchObject({ family: 'ipv4' });
      expect(await platform.sockets.lookup('tcp', '::1', v6.port)).toMatchObject({ family: 'ipv6' });
    }
    await using both = await listen({ port, host: '::' });
    const [row] = await readRows(platform, 'tcp', both.port);
    expect(row?.dualStack).toBe(true);
    // /proc/net does not tell; the look at all sockets settled it by a bind.
    const found = { ...row, dualStack: native && hasKoffi ? true : null };
    expect(await platform.sockets.lookup('tcp', '127.0.0.1', port)).toEqual(found);
    expect(await platform.sockets.lookup('tcp', '::ffff:127.0.0.1', port)).toEqual(found);
  });

  test('a lookup finds what serves exactly this address', async () => {
    await using place = await listen({ host: '127.0.0.2' });
    expect(await platform.sockets.lookup('tcp', '127.0.0.2', place.port)).toMatchObject({ address: '127.0.0.2' });
    expect(await platform.sockets.lookup('tcp', '127.0.0.1', place.port)).toBeNull();
    await using everywhere = await listen({ host: '0.0.0.0' });
    expect(await platform.sockets.lookup('tcp', '127.0.0.1', everywhere.port)).toMatchObject({ address: '0.0.0.0' });
    await using client = await start('connect', [everywhere.port]);
    expect(client.pid).toBeGreaterThan(0);
    expect(await platform.sockets.lookup('tcp', '127.0.0.1', everywhere.port)).toMatchObject({ state: 'listen' });
  });

  test('UDP holds its port while it is not connected', async () => {
    await using place = await bindUdp('127.0.0.1');
    const rows = await readRows(platform, 'udp', place.port);
    expect(rows).toMatchObject([{ protocol: 'udp', address: '127.0.0.1', state: 'bound' }]);
    expect(await findOwners(platform, rows)).toEqual([process.pid]);
    expect(await platform.sockets.lookup('udp', '127.0.0.1', place.port)).toEqual(rows[0]);
    expect(await readRows(platform, 'tcp', place.port)).toEqual([]);

    place.socket.connect(9, '127.0.0.1');
    await once(place.socket, 'connect');
    expect(await readRows(platform, 'udp', place.port)).toEqual([]);
    expect(await platform.sockets.lookup('udp', '127.0.0.1', place.port)).toBeNull();
  });

  test('TCP that is bound and does not listen: told on demand, of this port only', async ({ skip }) => {
    if (!hasKoffi) skip('needs koffi');
    await using place = await bindWithoutListening();
    await using other = await bindWithoutListening();
    expect(other.port).not.toBe(place.port);
    expect(await readRows(platform, 'tcp', place.port)).toEqual([]);
    const rows = await platform.sockets.read({ protocols: ['tcp'], port: place.port, withBoundTcp: true });
    // Linux before 6.8 and /proc/net do not list them.
    if (native && rows.length > 0) expect(rows).toMatchObject([{ address: '127.0.0.1', port: place.port, state: 'bound' }]);
    else expect(rows).toEqual([]);
  });

  test('connections that are closing are counted by state', async () => {
    const port = await findFreePort();
    const before = await platform.sockets.readClosing(port);
    await leaveTimeWait(port);
    const { counts, connections } = await until(async () => {
      const closing = await platform.sockets.readClosing(port);
      return closing.counts.timeWait === (before.counts.timeWait ?? 0) + 1 ? closing : null;
    }, 'one more TIME_WAIT socket');
    expect(counts).toEqual({ ...before.counts, timeWait: counts.timeWait });
    expect(connections).toBe(0);
    expect(await readRows(platform, 'tcp', port)).toEqual([]);
  });

  test('explains by facts: listener, connection, both wildcards, rules', async () => {
    await using place = await listen({ host: '0.0.0.0' });
    await using client = await start('connect', [place.port]);
    const facts = await explainPort({ port: place.port, protocols: ['tcp', 'udp'] }, platform);
    expect(facts.rows).toMatchObject([{ address: '0.0.0.0', state: 'listen' }]);
    expect(facts.candidates).toContain(client.pid);
    expect(facts.closing.connections).toBe(1);
    expect(facts.binds[0]).toEqual({ protocol: 'tcp', address: '0.0.0.0', answer: 'inUse' });
    expect(facts.binds[2]).toEqual({ protocol: 'udp', address: '0.0.0.0', answer: native && hasKoffi ? 'bound' : 'cannotTry' });
    expect(facts.localAddresses).toContain('127.0.0.1');
    expect(facts.rules.ephemeral?.to).toBeGreaterThan(facts.rules.ephemeral?.from ?? 65_535);
    expect(structuredClone(facts)).toEqual(facts);
  });

  test('a listener in another network namespace is not ours', async ({ skip }) => {
    const namespace = ['unshare', '--net'];
    if (spawnSync(namespace[0] as string, [...namespace.slice(1), 'true']).status !== 0) skip('no network namespace can be made here');
    const port = await findFreePort();
    await using elsewhere = await start('listen', [port, '0.0.0.0'], { prefix: namespace });
    expect(await readRows(platform, 'tcp', port)).toEqual([]);
    await using here = await listen({ port, host: '0.0.0.0' });
    const rows = await readRows(platform, 'tcp', here.port);
    expect(await findOwners(platform, rows)).toEqual([process.pid]);
    expect(elsewhere.pid).not.toBe(process.pid);
  });

  test('of a process that another user may not see, that user learns nothing but that', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can ask as another user');
    await using place = await listen({ host: '127.0.0.1' });
    const [seen] = await runTaskElsewhere<{ rows: SocketRow[] }>('readSockets', native, [{ protocols: ['tcp'], port: place.port }], 65_534);
    expect(seen?.rows).toMatchObject([{ port: place.port, uid: 0 }]);
    const keys = seen?.rows.map(({ key }) => key) ?? [];
    const [scan] = await runTaskElsewhere<OwnerScan>('scanOwners', native, [{ keys, pids: [process.pid] }], 65_534);
    expect(scan).toEqual({ owners: [], unreadable: 1 });
  });

  test('a process that is gone is neither an owner nor unreadable', async () => {
    const { pid } = spawnSync('true');
    expect(await scanOwners({ keys: [1], work: shareCandidates([pid]) }, platform)).toEqual({ owners: [], unreadable: 0 });
  });

  test('leaves no descriptor open', async () => {
    await using place = await listen({ host: '127.0.0.1' });
    const look = async (): Promise<void> => {
      await findOwners(platform, await readRows(platform, 'tcp', place.port));
      for (const protocol of ['tcp', 'udp'] as const) await platform.sockets.tryBind(protocol, '127.0.0.1', place.port);
      await platform.sockets.lookup('tcp', '127.0.0.1', place.port);
    };
    await look();
    const before = countDescriptors();
    const rounds = 20;
    for (let round = 0; round < rounds; round++) await look();
    // Others in this process open and close some meanwhile; a leak would be one a round.
    expect(countDescriptors()).toBeLessThan(before + rounds / 2);
  });
});

async function readRows(platform: Platform, protocol: SocketRow['protocol'], port: number): Promise<SocketRow[]> {
  return (await readSockets({ protocols: [protocol], port }, platform)).rows;
}

async function findOwners(platform: Platform, rows: SocketRow[]): Promise<number[]> {
  const work = shareCandidates(await platform.sockets.listCandidates());
  return pidsOf([await scanOwners({ keys: rows.map(({ key }) => key), work }, platform)]);
}

const pidsOf = (scans: OwnerScan[]): number[] => scans.flatMap(({ owners }) => owners.map(({ pid }) => pid)).sort(byNumber);
const byNumber = (left: number, right: number): number => left - right;
const descriptorOf = (server: Server): number => (server as unknown as { _handle: { fd: number } })._handle.fd;

const countDescriptors = (): number => readdirSync('/proc/self/fd').length;

/** The side that closes first keeps the port in TIME_WAIT. */
async function leaveTimeWait(port: number): Promise<void> {
  await using place = await listen({ port, host: '127.0.0.1' });
  place.server.on('connection', (socket) => socket.end().resume());
  const client = connect(port, '127.0.0.1').resume();
  await once(client, 'end');
  client.end();
  await once(client, 'close');
}
