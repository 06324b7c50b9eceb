import { lstatSync, statSync } from 'node:fs';
import { chmod, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { userLockName } from '../../src/server/instance/places.ts';
import { createFileLocks } from '../../src/server/os/fileLock.ts';
import { contend } from '../harness/contention.ts';
import { makeDirectory } from '../harness/directory.ts';
import { makeMeetingPlace, makeUserLock } from '../harness/instances.ts';
import { needs, nobody } from '../harness/needs.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { hasNative, helloParams, startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

describe('a lock', () => {
  test('is held by one, told to the other, and taken by that when it was released', async () => {
    await using place = await makeMeetingPlace();
    await using first = await place.start({ initialize: { processId: process.pid } });
    await using second = await place.start();
    expect(await first.call('instance/query', place.here())).toEqual({ holder: null });

    const got = await first.call('instance/acquire', place.here());
    expect(got).toEqual({ acquired: true, lockId: expect.any(String) });
    const refused = await second.call('instance/acquire', place.here());
    expect(refused).toEqual({
      acquired: false,
      holder: {
        host: { pid: process.pid, startedAt: expect.any(Number), identity: expect.any(String) },
        sidecar: { pid: first.pid, startedAt: expect.any(Number), identity: expect.any(String) },
        closing: false,
      },
    });
    expect(await second.call('instance/query', place.here())).toEqual({ holder: refused.holder });
    expect((await first.call('sidecar/status', {})).instance).toEqual({ lockId: got.lockId, name: 'sidewarden.test', scope: 'path' });
    expect((await second.call('sidecar/status', {})).instance).toBeNull();

    expect(await second.call('instance/release', { lockId: got.lockId as string })).toEqual({ released: false });
    expect(await first.call('instance/release', { lockId: got.lockId as string })).toEqual({ released: true });
    expect(await first.call('instance/release', { lockId: got.lockId as string })).toEqual({ released: false });
    expect(await second.call('instance/query', place.here())).toEqual({ holder: null });
    expect(await second.call('instance/acquire', place.here())).toMatchObject({ acquired: true });
    expect(statSync(place.lockFile).mode & 0o777).toBe(0o600);
  });

  test('asked for again by its holder it is alreadyHeld, also while the first answer is under way', async () => {
    await using place = await makeMeetingPlace();
    await using sidecar = await place.start({ hostCalls: { 'host/secondInstance': () => ({ handled: true }) } });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => sidecar.call('instance/acquire', place.here({ payload: { data: 1 } }))),
    );
    const won = answers.filter(({ acquired }) => acquired);
    expect(won).toHaveLength(1);
    const again = { acquired: false, lockId: won[0]?.lockId, reason: 'alreadyHeld' };
    expect(answers.filter(({ acquired }) => !acquired)).toEqual(Array(4).fill(again));
    await mkdir(`${place.directory}/a`);
    const detour = { scope: 'path' as const, path: `${place.directory}/a/..` };
    expect(await sidecar.call('instance/acquire', detour)).toEqual(again);
    expect(sidecar.hostCalls('host/secondInstance')).toEqual([]);
  });

  test('of another name, app or directory is another lock', async () => {
    await using place = await makeMeetingPlace();
    await using elsewhere = await makeDirectory();
    await using first = await place.start();
    await using second = await place.start();
    await using other = await place.start({ initialize: { appId: 'sidewarden.other' } });
    expect(await first.call('instance/acquire', place.here())).toMatchObject({ acquired: true });
    expect(await second.call('instance/acquire', place.here({ name: 'another' }))).toMatchObject({ acquired: true });
    expect(await second.call('instance/acquire', { scope: 'path', path: elsewhere.path })).toMatchObject({ acquired: true });
    expect(await other.call('instance/acquire', place.here())).toMatchObject({ acquired: true });
    expect(await second.call('instance/acquire', place.here())).toMatchObject({ acquired: false });
  });

  test.each(['SIGKILL', 'SIGTERM', 'SIGABRT'] as const)('goes with its sidecar, ended by %s; whoever waits has it then', async (signal) => {
    await using place = await makeMeetingPlace();
    await using first = await place.start();
    await using second = await place.start();
    await first.call('instance/acquire', place.here());
    const waiting = second.call('instance/acquire', place.here({ waitMs: 20_000 }));
    await until(async () => (await second.call('instance/query', place.here())).holder?.sidecar?.pid === first.pid, 'the first to be seen');
    first.child.kill(signal);
    await first.exited;
    expect(await waiting).toMatchObject({ acquired: true });
    expect(lstatSync(place.lockFile).isFile()).toBe(true);
  });

  test('goes with the end of the host’s input, and with a shutdown, of which it is a step', async () => {
    await using place = await makeMeetingPlace();
    await using second = await place.start();
    for (const end of ['input', 'shutdown'] as const) {
      await using first = await place.start();
      await until(async () => (await first.call('instance/acquire', place.here())).acquired, 'the lock');
      if (end === 'input') await first.end();
      else {
        const { steps } = await first.call('shutdown', {});
        expect(steps.map(({ kind, name, status }) => `${kind} ${name} ${status}`)).toEqual([
          'lease ports done',
          'lock sidewarden.test done',
          'log log done',
        ]);
      }
      const { lockId } = await second.call('instance/acquire', place.here());
      expect(await second.call('instance/release', { lockId: lockId as string })).toEqual({ released: true });
    }
  });

  test('goes with the host’s death within 2.5 s, whatever a service does', async () => {
    await using place = await makeMeetingPlace();
    // The shell is the host; the connection is the test’s, and outlives it.
    await using first = await startSidecar({ carrier: 'pipe', under: ['sh', '-c', '"$@" & wait', 'host'], initialize: false });
    await first.call('initialize', { ...helloParams, processId: first.pid });
    await first.call('instance/acquire', place.here());
    const args = ['-c', 'trap "" TERM; echo up; while :; do sleep 0.1; done'];
    await first.call('service/start', { spec: { name: 'stubborn', command: 'sh', args, stop: { graceMs: 60_000 } }, waitFor: 'running' });
    await using second = await place.start();
    const waiting = second.call('instance/acquire', place.here({ waitMs: 20_000 }));
    await second.call('instance/query', place.here());
    const killedAt = performance.now();
    first.child.kill('SIGKILL');
    expect(await waiting).toMatchObject({ acquired: true });
    // And what a busy machine needs beside.
    expect(performance.now() - killedAt).toBeLessThan(2_500 + 2_500);
    await first.exited;
  });

  test('stays through a shutdown that keeps the sidecar running', async () => {
    await using place = await makeMeetingPlace();
    await using first = await place.start();
    await using second = await place.start();
    await first.call('instance/acquire', place.here());
    const { steps } = await first.call('shutdown/run', { reason: 'reload', keepRunning: true });
    expect(steps).toEqual([]);
    expect(await second.call('instance/acquire', place.here())).toMatchObject({ acquired: false, holder: { closing: false } });
  });

  test('is not taken for one that has cancelled, nor by a sidecar that shuts down', async () => {
    await using place = await makeMeetingPlace();
    await using first = await place.start();
    await using second = await place.start();
    const { lockId } = await first.call('instance/acquire', place.here());
    const id = second.nextId();
    second.send({ jsonrpc: '2.0', id, method: 'instance/acquire', params: place.here({ waitMs: 60_000 }) });
    await second.call('instance/query', place.here());
    second.send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } });
    expect((await second.answerTo(id)).error).toMatchObject({ code: -32800 });
    await first.call('instance/release', { lockId: lockId as string });
    expect(await first.call('instance/query', place.here())).toEqual({ holder: null });

    await first.call('instance/acquire', place.here());
    const waiting = second.request('instance/acquire', place.here({ waitMs: 60_000 }));
    await second.call('instance/query', place.here());
    await second.call('shutdown', {});
    expect((await waiting).error).toMatchObject({ code: 1014, data: { kind: 'ShuttingDown' } });
  });

  test('of scope user is one for all environments', async () => {
    await using mine = await makeUserLock();
    const { name } = mine;
    await using elsewhere = await makeDirectory();
    await using first = await startSidecar({ env: { HOME: elsewhere.path, XDG_STATE_HOME: elsewhere.path, XDG_RUNTIME_DIR: '' } });
    await using second = await startSidecar();
    expect(await first.call('instance/acquire', { name })).toMatchObject({ acquired: true });
    expect(await second.call('instance/acquire', { name })).toMatchObject({ acquired: false, holder: { sidecar: { pid: first.pid } } });
    expect(await second.call('instance/query', { name, scope: 'user' })).toMatchObject({ holder: { sidecar: { pid: first.pid } } });
  });

  test('excludes, and is excluded by, whoever locks the file with flock', async () => {
    await using place = await makeMeetingPlace();
    await using sidecar = await place.start();
    const { lockId } = await sidecar.call('instance/acquire', place.here());
    for (const native of hasNative ? [true, false] : [false]) {
      expect(await createFileLocks({ native }).tryLock(place.lockFile)).toBeNull();
    }
    await sidecar.call('instance/release', { lockId: lockId as string });
    for (const kind of hasNative ? ['native', 'tool'] : ['tool']) {
      await using program = await spawnProgram(nodeProgram('holdLock', place.lockFile, kind));
      expect(program.ready).toBe('locked');
      const nobody = { host: null, sidecar: null, closing: false };
      expect(await sidecar.call('instance/query', place.here())).toEqual({ holder: nobody });
      expect(await sidecar.call('instance/acquire', place.here())).toEqual({ acquired: false, holder: nobody });
      const waiting = sidecar.call('instance/acquire', place.here({ waitMs: 20_000 }));
      await program.kill();
      const { acquired, lockId: taken } = await waiting;
      expect(acquired).toBe(true);
      await sidecar.call('instance/release', { lockId: taken as string });
    }
  });
});

describe('a query', () => {
  test('makes nothing, and never makes an acquire fail', async () => {
    await using place = await makeMeetingPlace();
    await using asking = await place.start();
    await using acquiring = await place.start();
    expect(await asking.call('instance/query', place.here())).toEqual({ holder: null });
    expect(() => lstatSync(place.lockFile)).toThrow('ENOENT');
    let asks = 0;
    let isOver = false;
    const storm = Promise.all(
      Array.from({ length: 8 }, async () => {
        for (; !isOver; asks += 1) await asking.call('instance/query', place.here());
      }),
    );
    for (let round = 0; round < 25; round += 1) {
      const { acquired, lockId } = await acquiring.call('instance/acquire', place.here());
      expect(acquired).toBe(true);
      await acquiring.call('instance/release', { lockId: lockId as string });
    }
    isOver = true;
    await storm;
    expect(asks).toBeGreaterThan(25);
  });
});

test('never has two holders, whoever is killed: 6 sidecars and 20 programs want it', async ({ skip }) => {
  needs.python(skip);
  expect(await contend({ sidecars: 6, programs: 20, rounds: 5 })).toHaveLength(5);
}, 120_000);

describe('what stands in the way', () => {
  test.each([
    ['no directory', 'missing', 1001, 'NotFound'],
    ['a file', 'file', -32602, 'InvalidParams'],
  ])('%s at the path', async (_what, name, code, kind) => {
    await using place = await makeMeetingPlace();
    await writeFile(`${place.directory}/file`, '');
    await using sidecar = await place.start();
    const path = `${place.directory}/${name}`;
    for (const method of ['instance/acquire', 'instance/query']) {
      expect((await sidecar.request(method, { scope: 'path', path })).error).toMatchObject({ code, data: { kind } });
    }
  });

  test.each([
    ['none', { scope: 'path' }],
    ['a relative one', { scope: 'path', path: 'here' }],
    ['one with a NUL', { scope: 'path', path: '/tmp/\0' }],
    ['one beside the scope user', { path: '/tmp' }],
    ['one that is too long', { scope: 'path', path: `/${'a'.repeat(300)}` }],
  ])('a path that cannot be meant: %s', async (_what, params) => {
    await using sidecar = await startSidecar();
    const { error } = await sidecar.request('instance/acquire', params);
    expect(error).toMatchObject({ code: -32602, data: { kind: 'InvalidParams', issues: [{ path: 'path' }] } });
  });

  test('a link or a directory in the place of the file is a Conflict, and nothing is followed', async () => {
    await using place = await makeMeetingPlace();
    await using sidecar = await place.start();
    await symlink(`${place.directory}/elsewhere`, place.lockFile);
    expect((await sidecar.request('instance/acquire', place.here())).error).toMatchObject({ data: { kind: 'Conflict' } });
    expect(() => lstatSync(`${place.directory}/elsewhere`)).toThrow('ENOENT');
    await rm(place.lockFile);
    await mkdir(place.lockFile);
    expect((await sidecar.request('instance/acquire', place.here())).error).toMatchObject({ data: { kind: 'Conflict' } });
  });

  test('without koffi and flock(1) there is no lock, not a weaker one', async () => {
    await using place = await makeMeetingPlace();
    await using empty = await makeDirectory();
    await using sidecar = await place.start({ env: { SIDEWARDEN_NATIVE: 'off', PATH: empty.path } });
    expect((await sidecar.request('instance/acquire', place.here())).error).toMatchObject({
      code: 1009,
      data: { kind: 'Unsupported', capability: 'fileLock' },
    });
    expect(await sidecar.call('instance/query', place.here())).toEqual({ holder: null });
  });

  test('a host holds 64 locks at most', async () => {
    await using place = await makeMeetingPlace();
    await using sidecar = await place.start();
    const acquire = (name: string) => sidecar.request('instance/acquire', place.here({ name }));
    const answers = await Promise.all(Array.from({ length: 64 }, (_, index) => acquire(`n${index}`)));
    expect(answers.every(({ result }) => (result as { acquired: boolean }).acquired)).toBe(true);
    expect((await acquire('one more')).error).toMatchObject({ code: 1004, data: { kind: 'Conflict' } });
  });
});

describe('users', () => {
  test.each([0o777, 0o1777])('whoever may write to a directory takes part in its locks; mode %o', async (mode) => {
    await using place = await makeMeetingPlace();
    await chmod(place.directory, mode);
    await using first = await place.start();
    expect(await first.call('instance/acquire', place.here())).toMatchObject({ acquired: true });
    expect(statSync(place.lockFile).mode & 0o777).toBe(0o666);
    expect(await readFile(place.lockFile, 'utf8')).toContain(String(first.pid));
  });

  test.for(['root', 'nobody'] as const)(
    'another user waits for the lock of a directory, and gets it; held by %s',
    async (holder, { skip }) => {
      needs.root(skip);
      await using place = await makeMeetingPlace();
      await chmod(place.directory, 0o1777);
      const as = (user: string) => (user === 'root' ? {} : { uid: nobody });
      await using first = await place.start(as(holder));
      await using second = await place.start(as(holder === 'root' ? 'nobody' : 'root'));
      expect(await first.call('instance/acquire', place.here())).toMatchObject({ acquired: true });
      expect(await second.call('instance/acquire', place.here({ payload: {} }))).toMatchObject({
        acquired: false,
        delivered: false,
        reason: expect.stringMatching(/nobody listens/),
      });
      const waiting = second.call('instance/acquire', place.here({ waitMs: 20_000 }));
      await second.call('instance/query', place.here());
      first.child.kill('SIGKILL');
      expect(await waiting).toMatchObject({ acquired: true });
    },
  );

  test('each user has a lock of scope user, and none keeps another out', async ({ skip }) => {
    needs.root(skip);
    await using mine = await makeUserLock();
    await using first = await startSidecar();
    await using second = await startSidecar({ uid: nobody });
    const { name } = mine;
    try {
      expect(await first.call('instance/acquire', { name })).toMatchObject({ acquired: true });
      expect(await second.call('instance/query', { name })).toEqual({ holder: null });
      expect(await second.call('instance/acquire', { name })).toMatchObject({ acquired: true });
      // That user’s home is missing, so its locks are where no logout deletes them.
      const directory = `/var/tmp/sidewarden-${nobody}`;
      expect(statSync(directory)).toMatchObject({ uid: nobody });
      expect(statSync(`${directory}/locks`).mode & 0o777).toBe(0o700);
    } finally {
      await rm(`/var/tmp/sidewarden-${nobody}/locks/${userLockName({ uid: nobody, appId: 'sidewarden.test', name })}`, { force: true });
    }
  });
});
