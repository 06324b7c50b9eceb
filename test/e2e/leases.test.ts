import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Params, Result } from '../../src/protocol/methods/index.ts';
import { hasIpv6, isLinux, needs } from '../harness/needs.ts';
import { onLinux, withKoffi } from '../harness/only.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { holdSockets, type SocketSpec } from '../harness/processes.ts';
import { hasNative, startSidecar, type TestSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** An app with a state directory of its own, and its sidecars. */
async function newApp() {
  const stateDir = await mkdtemp(join(tmpdir(), 'leases-'));
  directories.push(stateDir);
  return {
    stateDir,
    start: (env: Record<string, string> = {}) => startSidecar({ env, initialize: { appId: 'leases', options: { stateDir } } }),
  };
}

const start = async (env?: Record<string, string>): Promise<TestSidecar> => (await newApp()).start(env);

async function allocate(sidecar: TestSidecar, params: Params<'port/allocate'> = {}): Promise<Result<'port/allocate'>['leases']> {
  return (await sidecar.call('port/allocate', params)).leases;
}

const portsOf = (leases: { port: number }[]): number[] => leases.map(({ port }) => port);

describe('allocating', () => {
  test('ports that a server can have, distinct, outside the ephemeral range', async () => {
    await using sidecar = await start();
    const leases = await allocate(sidecar, { count: 20 });
    const ports = portsOf(leases);
    expect(new Set(ports).size).toBe(20);
    expect(leases.every(({ held, expiresAt }) => !held && expiresAt === undefined)).toBe(true);
    if (isLinux) {
      const [from = 0, to = 0] = (await readFile('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')).trim().split(/\s+/).map(Number);
      expect(ports.filter((port) => port >= from && port <= to)).toEqual([]);
    }
    await using server = await listen({ port: ports[0], host: '0.0.0.0' });
    expect(server.port).toBe(ports[0]);
  });

  test('what is in use, leased or resting after a release is given to nobody, preferred or not', async () => {
    await using sidecar = await start();
    await using server = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    const wanted = await findFreePort();
    const [first] = await allocate(sidecar, { preferred: [wanted] });
    expect(first?.port).toBe(wanted);
    const second = await allocate(sidecar, { count: 2, preferred: [server.port, wanted] });
    expect(portsOf(second)).not.toContain(server.port);
    expect(portsOf(second)).not.toContain(wanted);
    expect(await sidecar.call('port/release', { leaseIds: [first?.leaseId ?? '', 'unknown'] })).toEqual({ released: [first?.leaseId] });
    expect(portsOf(await allocate(sidecar, { preferred: [wanted] }))).not.toContain(wanted);
  });

  test('for one address a port is free though another address has it', async () => {
    await using sidecar = await start();
    await using server = await listen({ port: await findFreePort(), host: '127.0.0.1' });
    expect(portsOf(await allocate(sidecar, { preferred: [server.port], host: '127.0.0.2' }))).toEqual([server.port]);
    expect(await failure(sidecar, { host: '203.0.113.9' })).toMatchObject({ code: 1004, data: { kind: 'Conflict' } });
    expect(await failure(sidecar, { host: 'example.org' })).toMatchObject({ code: -32602 });
  });

  test('a lease with a ttl releases itself', async () => {
    await using sidecar = await start();
    const [lease] = await allocate(sidecar, { ttlMs: 50, hold: hasNative });
    expect(lease?.expiresAt).toBeGreaterThan(Date.now() - 10_000);
    if (hasNative)
      await until(async () => (await sidecar.call('port/check', { port: lease?.port ?? 0 })).canBind, 'the held port to be free again');
    await until(
      async () => (await sidecar.call('port/release', { leaseIds: [lease?.leaseId ?? ''] })).released.length === 0,
      'the lease to be gone',
    );
  });

  test('at most 4,096 leases; a refused allocation keeps nothing', async () => {
    await using sidecar = await start();
    const ports: number[] = [];
    for (let page = 0; page < 16; page += 1) ports.push(...portsOf(await allocate(sidecar, { count: 256 })));
    expect(new Set(ports).size).toBe(4_096);
    expect(await failure(sidecar, {})).toMatchObject({ code: 1010, data: { limit: 'leases', max: 4_096 } });
  });

  test('a range in which nothing is handed out is a Conflict that says why', async ({ skip }) => {
    if (!isLinux) skip('the ephemeral range is elsewhere');
    await using sidecar = await start();
    const range = { from: 40_000, to: 40_100 };
    expect((await failure(sidecar, { range }))?.message).toContain('ephemeral');
    expect(portsOf(await allocate(sidecar, { preferred: [40_001], range }))).toEqual([40_001]);
  });
});

describe('keys', () => {
  test('the same ports for the same key in the next run, whether the last one ended or was killed', async () => {
    const app = await newApp();
    const first = await app.start();
    const worktree = portsOf(await allocate(first, { count: 3, key: 'worktree' }));
    const profile = portsOf(await allocate(first, { key: 'profile' }));
    await first.end();
    const second = await app.start();
    expect(portsOf(await allocate(second, { key: 'profile' }))).toEqual(profile);
    expect(portsOf(await allocate(second, { count: 3, key: 'worktree' }))).toEqual(worktree);
    second.child.kill('SIGKILL');
    await second.exited;
    await using third = await app.start();
    await using taken = await listen({ port: worktree[1], host: '127.0.0.1' });
    const again = portsOf(await allocate(third, { count: 3, key: 'worktree' }));
    expect([again[0], again[2]]).toEqual([worktree[0], worktree[2]]);
    expect(again[1]).not.toBe(taken.port);
  });

  test('are the app’s own, and give the same port again right after a release', async () => {
    await using sidecar = await start();
    const [lease] = await allocate(sidecar, { key: 'web', hold: hasNative });
    await sidecar.call('port/release', { leaseIds: [lease?.leaseId ?? ''] });
    expect(portsOf(await allocate(sidecar, { key: 'web' }))).toEqual([lease?.port]);
  });
});

describe('registering', () => {
  test('a port has a name, is listed, and is forgotten once', async () => {
    await using sidecar = await start();
    const port = await findFreePort();
    expect(await sidecar.call('port/register', { port, name: 'backend' })).toBeNull();
    await sidecar.call('port/register', { port, name: 'discovery', protocol: 'udp' });
    const { ports } = await sidecar.call('port/registered', {});
    expect(ports).toEqual([
      { port, protocol: 'tcp', name: 'backend', registeredAt: expect.any(Number) },
      { port, protocol: 'udp', name: 'discovery', registeredAt: expect.any(Number) },
    ]);
    expect(portsOf(await allocate(sidecar, { count: 3, range: { from: port, to: port + 5 } }))).not.toContain(port);
    expect(await sidecar.call('port/unregister', { port })).toEqual({ removed: true });
    expect(await sidecar.call('port/unregister', { port })).toEqual({ removed: false });
    expect((await sidecar.call('port/registered', {})).ports).toMatchObject([{ name: 'discovery' }]);
  });

  test('the next run cleans up what the last one had registered, killed or not, and nothing older', async () => {
    const app = await newApp();
    const [older, last, own] = [await findFreePort(), await findFreePort(), await findFreePort()];
    const first = await app.start();
    await first.call('port/register', { port: older, name: 'older' });
    await first.end();
    const second = await app.start();
    await second.call('port/register', { port: last, name: 'last' });
    second.child.kill('SIGKILL');
    await second.exited;
    await using third = await app.start();
    await third.call('port/register', { port: own, name: 'own' });
    expect((await third.call('port/registered', {})).ports).toMatchObject([{ port: own }]);
    const { ports } = await third.call('cleanup/run', {});
    expect(ports.map(({ name, freed, outcomes }) => [name, freed, outcomes])).toEqual([
      ['own', true, []],
      ['last', true, []],
    ]);
  });

  test('a state directory that cannot be used costs the next run its knowledge, and nothing else', async () => {
    await using sidecar = await startSidecar({ initialize: { appId: 'leases', options: { stateDir: '/proc/nowhere' } } });
    await sidecar.call('port/register', { port: 5_050, name: 'backend' });
    expect((await sidecar.call('port/registered', {})).ports).toMatchObject([{ name: 'backend' }]);
    const [lease] = await allocate(sidecar, { key: 'wt' });
    await sidecar.call('port/release', { leaseIds: [lease?.leaseId ?? ''] });
    expect(portsOf(await allocate(sidecar, { key: 'wt' }))).toEqual([lease?.port]);
    expect(sidecar.stderr()).toContain('registrations could not be written');
  });
});

withKoffi(describe)('holding', () => {
  test('nobody can take a held port, however it asks; after the release everybody can', async ({ skip }) => {
    needs.python(skip);
    await using sidecar = await start();
    const [lease] = await allocate(sidecar, { hold: true });
    const port = lease?.port ?? 0;
    expect(lease?.held).toBe(true);
    expect(await sidecar.call('port/check', { port })).toEqual({ inUse: false, canBind: false, reason: 'boundNotListening' });
    const addresses = ['0.0.0.0', '127.0.0.1', ...(hasIpv6 ? ['::', '::1'] : [])];
    for (const host of addresses) expect(await tryToListen(port, host)).toBe('EADDRINUSE');
    const flags: SocketSpec[3][][] = [['reuse', 'listen'], ['reuse'], ['reusePort', 'listen'], []];
    for (const address of addresses) {
      for (const some of flags) await expect(holdSockets([['tcp', address, port, ...some]])).rejects.toThrow('Address already in use');
    }
    await sidecar.call('port/release', { leaseIds: [lease?.leaseId ?? ''] });
    for (const host of addresses) expect(await tryToListen(port, host)).toBe('listening');
  });

  test('on one address only', async () => {
    await using sidecar = await start();
    const [lease] = await allocate(sidecar, { hold: true, host: '127.0.0.1' });
    expect(await tryToListen(lease?.port ?? 0, '127.0.0.1')).toBe('EADDRINUSE');
    expect(await tryToListen(lease?.port ?? 0, '127.0.0.2')).toBe('listening');
  });

  test('a held port is free when the sidecar has ended, or was killed', async () => {
    for (const how of ['end', 'kill'] as const) {
      const sidecar = await start();
      const [lease] = await allocate(sidecar, { hold: true });
      if (how === 'end') expect(await sidecar.end()).toMatchObject({ signal: null });
      else sidecar.child.kill('SIGKILL');
      await sidecar.exited;
      expect(await tryToListen(lease?.port ?? 0, '0.0.0.0')).toBe('listening');
    }
  });

  test('while the sidecar shuts down they are let go, and the report says so', async () => {
    await using sidecar = await start();
    const [lease] = await allocate(sidecar, { hold: true });
    const report = await sidecar.call('shutdown', {});
    expect(report.steps).toContainEqual(expect.objectContaining({ kind: 'lease', status: 'done' }));
    expect(await tryToListen(lease?.port ?? 0, '0.0.0.0')).toBe('listening');
  });

  test('without native calls it is Unsupported, and nothing is kept', async () => {
    await using sidecar = await start({ SIDEWARDEN_NATIVE: 'off' });
    expect(await failure(sidecar, { hold: true })).toMatchObject({ code: 1009, data: { kind: 'Unsupported', capability: 'hold' } });
    expect(await allocate(sidecar)).toMatchObject([{ held: false }]);
  });
});

onLinux(describe)('many at once', () => {
  test('500 cycles with 64 in flight: no port twice at a time, and no descriptor is left', async () => {
    await using sidecar = await start();
    const held = await allocate(sidecar, { count: 8, hold: hasNative });
    await sidecar.call('port/release', { leaseIds: held.map(({ leaseId }) => leaseId) });
    // At once, so that every thread has begun.
    await Promise.all(Array.from({ length: 16 }, () => sidecar.call('port/find', { port: 9 })));
    const descriptors = async () => (await readdir(`/proc/${sidecar.pid}/fd`)).length;
    const before = await descriptors();
    const owned = new Set<number>();
    const ever: number[] = [];
    let cycles = 0;
    const worker = async (): Promise<void> => {
      while (cycles < 500) {
        cycles += 1;
        const leases = await allocate(sidecar, { count: 1 + (cycles % 4), hold: hasNative && cycles % 2 === 0 });
        for (const { port } of leases) {
          expect(owned.has(port)).toBe(false);
          owned.add(port);
          ever.push(port);
        }
        for (const { port } of leases) owned.delete(port);
        await sidecar.call('port/release', { leaseIds: leases.map(({ leaseId }) => leaseId) });
      }
    };
    const startedMs = performance.now();
    await Promise.all(Array.from({ length: 64 }, worker));
    // All within the rest of 10 s: then none may come back at all.
    if (performance.now() - startedMs < 10_000) expect(new Set(ever).size).toBe(ever.length);
    await until(async () => (await descriptors()) <= before + 2, 'the descriptors to be closed');
  });
});

async function failure(sidecar: TestSidecar, params: Params<'port/allocate'>) {
  return (await sidecar.request('port/allocate', params)).error;
}

/** What a Node server gets. */
async function tryToListen(port: number, host: string): Promise<string> {
  const server = createServer().listen({ port, host, exclusive: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'failed';
  }
  server.close();
  await once(server, 'close');
  return 'listening';
}
