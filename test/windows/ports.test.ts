import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bindUdp, findFreePort, listen } from '../harness/ports.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { startSidecar, type TestSidecar } from '../harness/sidecar.ts';

/* Ports of Windows, through the built sidecar: the tables of the IP Helper, and binds for itself alone. */

let sidecar: TestSidecar;
beforeAll(async () => {
  sidecar = await startSidecar();
});
afterAll(async () => {
  await sidecar[Symbol.asyncDispose]();
});

test('a free port is not in use and can be bound, on every address and protocol', async () => {
  const port = await findFreePort();
  for (const protocol of ['tcp', 'udp'] as const) {
    for (const host of [undefined, '127.0.0.1', '0.0.0.0', '::1'])
      expect(await sidecar.call('port/check', { port, protocol, ...(host && { host }) })).toEqual({
        inUse: false,
        canBind: true,
        reason: null,
      });
  }
});

test('a listener makes it in use there, and not bindable on what overlaps', async () => {
  await using server = await listen({ port: 0, host: '127.0.0.1' });
  const taken = { inUse: true, canBind: false, reason: 'inUse' };
  expect(await sidecar.call('port/check', { port: server.port })).toEqual(taken);
  expect(await sidecar.call('port/check', { port: server.port, host: '127.0.0.1' })).toEqual(taken);
  expect(await sidecar.call('port/check', { port: server.port, host: '::1' })).toMatchObject({ inUse: false, canBind: true });
  expect(await sidecar.call('port/check', { port: server.port, protocol: 'udp' })).toMatchObject({ inUse: false });
  expect(server.accepted()).toBe(0);
});

test('an address of another machine is unavailable', async () => {
  const port = await findFreePort();
  const answer = await sidecar.call('port/check', { port, host: '192.0.2.1' });
  expect(answer).toEqual({ inUse: false, canBind: false, reason: 'addressUnavailable' });
});

test('UDP is held when it is bound', async () => {
  await using socket = await bindUdp('127.0.0.1');
  expect(await sidecar.call('port/check', { port: socket.port, protocol: 'udp' })).toEqual({
    inUse: true,
    canBind: false,
    reason: 'inUse',
  });
});

test('port/find, port/list and port/explain name the owner', async () => {
  const port = await findFreePort();
  await using program = await spawnListener(port);
  const owner = { pid: program.pid, name: 'node.exe' };
  expect(await sidecar.call('port/find', { port })).toMatchObject({
    inUse: true,
    entries: [{ protocol: 'tcp', family: 'ipv4', address: '127.0.0.1', port, state: 'listen', owners: [owner], visibility: 'full' }],
  });
  const { entries } = await sidecar.call('port/list', { protocol: 'tcp' });
  expect(entries.filter((entry) => entry.port === port)).toMatchObject([{ owners: [owner] }]);
  expect(await sidecar.call('port/explain', { port })).toMatchObject({ cause: 'listening', summary: expect.stringContaining('node.exe') });
});

test('port/kill ends its owner and frees it', async () => {
  const port = await findFreePort();
  await using program = await spawnListener(port);
  const { freed, outcomes } = await sidecar.call('port/kill', { port });
  expect({ freed, outcomes }).toMatchObject({
    freed: true,
    outcomes: [{ process: { pid: program.pid }, outcome: 'killed', rung: 'terminate', freedPorts: [port] }],
  });
});

test('port/wait: until it is free', async () => {
  const server = await listen({ port: 0, host: '127.0.0.1' });
  const waiting = sidecar.call('port/wait', { port: server.port, state: 'free', timeoutMs: 30_000 });
  await sidecar.call('sidecar/ping', {});
  await server[Symbol.asyncDispose]();
  expect(await waiting).toMatchObject({ reached: true });
});

test('ports are allocated outside of the dynamic range', async () => {
  const { leases } = await sidecar.call('port/allocate', { count: 3 });
  for (const { port } of leases) expect(port).toBeLessThan(49_152);
});

test('a port that is held is nobody else’s, on any address, until it is released', async () => {
  const { leases } = await sidecar.call('port/allocate', { hold: true });
  const [{ port, held, leaseId }] = leases as [(typeof leases)[number]];
  expect(held).toBe(true);
  for (const host of ['0.0.0.0', '127.0.0.1', '::', '::1'])
    await expect(listen({ port, host }), host).rejects.toMatchObject({ code: expect.stringMatching(/EADDRINUSE|EACCES/) });
  expect(await sidecar.call('port/check', { port })).toMatchObject({ inUse: false, canBind: false });
  await sidecar.call('port/release', { leaseIds: [leaseId] });
  await using server = await listen({ port, host: '127.0.0.1' });
  expect(server.port).toBe(port);
});

test('no service keeps what was held while it was started', async () => {
  const other = await startSidecar();
  const { leases } = await other.call('port/allocate', { hold: true });
  const { port } = leases[0] as (typeof leases)[number];
  const [command, ...args] = nodeProgram('idle') as [string, ...string[]];
  const { service } = await other.call('service/start', { spec: { name: 'idle', command, args, stdin: 'pipe' } });
  expect(service.state).toBe('running');
  await other.call('port/release', { leaseIds: leases.map(({ leaseId }) => leaseId) });
  await using server = await listen({ port, host: '127.0.0.1' });
  expect(server.port).toBe(port);
  await other[Symbol.asyncDispose]();
});

test('a listening port is not handed over, for there are no descriptors', async () => {
  const [command, ...args] = nodeProgram('idle') as [string, ...string[]];
  const { error } = await sidecar.request('service/start', {
    spec: { name: 'handed', command, args, ports: [{ name: 'http', passFd: true }] },
  });
  expect(error).toMatchObject({
    message: expect.stringContaining('passFd'),
    data: { kind: 'Unsupported', capability: 'passFd', platform: 'win32' },
  });
});

/** A program that listens on 127.0.0.1, and to whom Wine knows that the socket belongs. */
const spawnListener = (port: number) => {
  const [node, ...args] = nodeProgram('listen', port, '127.0.0.1') as [string, ...string[]];
  const hint = fileURLToPath(new URL('../fixtures/programs/ownPort.cjs', import.meta.url));
  return spawnProgram(process.env.SIDEWARDEN_WINE === undefined ? [node, ...args] : [node, '--require', hint, ...args]);
};
