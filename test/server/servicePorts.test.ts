import { describe, expect, test } from 'vitest';
import { fail } from '../../src/protocol/errors.ts';
import type { Allocate } from '../../src/server/ports/allocation.ts';
import { createLeases } from '../../src/server/ports/leases.ts';
import { findUnknownPorts, replacePorts } from '../../src/server/supervisor/placeholders.ts';
import { createServicePorts, portVariables, type ServicePortSpec } from '../../src/server/supervisor/servicePorts.ts';
import { createFakeClock } from '../harness/fakeClock.ts';

describe('placeholders', () => {
  const ports = new Map([
    ['web', 3000],
    ['a b', 4000],
  ]);
  const of = (name: string) => `$\{port:${name}}`;

  test('each is replaced, and whatever else looks like one stays', () => {
    expect(replacePorts(`http://localhost:${of('web')}/${of('a b')}?${of('web')}`, ports)).toBe('http://localhost:3000/4000?3000');
    const untouched = ['$port:web', `$\{HOME}`, `$${of('nope')}`, '${port:web', '$1'].join(' ');
    expect(replacePorts(untouched, ports)).toBe(untouched);
  });

  test('those of no port are named', () => {
    expect(findUnknownPorts(`${of('web')} ${of('nope')} ${of('')}`, new Set(['web']))).toEqual(['nope', '']);
  });
});

describe('the ports of a service', () => {
  test('are the same for all its starts, and nobody else’s until it is forgotten', async () => {
    const scene = openScene();
    const ports = scene.create([
      { name: 'web', env: 'PORT' },
      { name: 'admin', port: 9_000 },
    ]);
    expect(ports.assigned).toEqual([]);
    const first = await ports.open();
    expect(first).toEqual([
      { name: 'web', env: 'PORT', port: 20_000, fd: null },
      { name: 'admin', env: undefined, port: 9_000, fd: null },
    ]);
    ports.close();
    expect(await ports.open()).toEqual(first);
    expect(scene.leases.isLeased(9_000)).toBe(true);
    ports.release();
    expect(scene.leases.size).toBe(0);
    expect(ports.assigned).toEqual([]);
  });

  test('handed over: it listens from the first start until it is down, and gets the same port again', async () => {
    const scene = openScene();
    const ports = scene.create([{ name: 'web', passFd: true }]);
    const [web] = await ports.open();
    expect(web?.fd).toBe(100);
    await ports.open();
    expect(scene.open).toEqual(new Map([[100, '127.0.0.1:20000']]));
    ports.close();
    expect(scene.open.size).toBe(0);
    const [again] = await ports.open();
    expect(again).toMatchObject({ port: 20_000, fd: 101 });
    ports.release();
    expect(scene.open.size).toBe(0);
  });

  test('one that another has leased is refused, and what was assigned for nothing is given back', async () => {
    const scene = openScene();
    await scene.create([{ name: 'a', port: 9_000 }]).open();
    const ports = scene.create([
      { name: 'web', passFd: true },
      { name: 'admin', port: 9_000 },
    ]);
    await expect(ports.open()).rejects.toMatchObject({ failure: { kind: 'Conflict', message: expect.stringContaining('9000') } });
    expect(ports.assigned).toEqual([]);
    expect(scene.open.size).toBe(0);
    expect(scene.leases.size).toBe(1);
  });

  test('one that cannot be listened on is given back as well', async () => {
    const scene = openScene();
    scene.refuse = true;
    const ports = scene.create([{ name: 'web', passFd: true }]);
    await expect(ports.open()).rejects.toMatchObject({ failure: { kind: 'Conflict' } });
    expect(scene.leases.size).toBe(0);
  });
});

test('what the program is told of them', () => {
  expect(portVariables([])).toEqual({});
  expect(
    portVariables([
      { name: 'web', env: 'PORT', port: 1, fd: 7 },
      { name: 'admin', env: undefined, port: 2, fd: null },
      { name: 'rpc', env: 'RPC', port: 3, fd: 9 },
    ]),
  ).toEqual({ PORT: '1', RPC: '3', LISTEN_FDS: '2', LISTEN_FDNAMES: 'web:rpc' });
});

function openScene() {
  const leases = createLeases(createFakeClock(), 100);
  let nextPort = 20_000;
  let nextFd = 100;
  const allocate: Allocate = async (_order, { connectionId }) => {
    const room = leases.reserve(1);
    room.claim(nextPort);
    const made = room.grant([{ port: nextPort, socket: null }], { connectionId });
    room.leave();
    nextPort += 1;
    return made;
  };
  const scene = {
    leases,
    open: new Map<number, string>(),
    refuse: false,
    create: (specs: ServicePortSpec[]) => createServicePorts('api', specs, { connectionId: 'c1', leases, allocate, listenPort }),
  };
  const listenPort = (port: number, host: string) => {
    if (scene.refuse) throw fail('Conflict', 'taken', {});
    const fd = nextFd;
    nextFd += 1;
    scene.open.set(fd, `${host}:${port}`);
    return { fd, close: () => void scene.open.delete(fd) };
  };
  return scene;
}
