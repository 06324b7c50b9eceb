import { once } from 'node:events';
import { lstatSync } from 'node:fs';
import { chmod, chown, lstat, mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { CallHost } from '../../src/server/context.ts';
import { openCourier } from '../../src/server/instance/courier.ts';
import { createDoors, doorDirectories, doorName } from '../../src/server/instance/doors.ts';
import { createInstances } from '../../src/server/instance/instances.ts';
import { compareEveryMs } from '../../src/server/instance/lock.ts';
import { findLockPlace, lockBase, pathLockName, placeSystemOf, placeSystems, userLockName } from '../../src/server/instance/places.ts';
import { openVisit } from '../../src/server/instance/visit.ts';
import { createFileLocks } from '../../src/server/os/fileLock.ts';
import { isFlocked } from '../../src/server/os/heldLocks.ts';
import { createPeerUser } from '../../src/server/os/peerUser.ts';
import { parseProcLocks } from '../../src/workers/platform/parse/procLocks.ts';
import { makeDirectory } from '../harness/directory.ts';
import { createFakeClock } from '../harness/fakeClock.ts';
import { needs, nobody } from '../harness/needs.ts';
import { onLinux } from '../harness/only.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { hasNative } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

const warnings: unknown[] = [];
const log = { debug() {}, info() {}, warn: (facts: unknown) => warnings.push(facts), error() {}, fatal() {} } as never;
const linux = placeSystemOf('linux');
const file = { path: '/a.lock', dev: 2049n, ino: 131_081n };

describe('where a lock is', () => {
  test('depends on user, app and name, and on nothing else', async () => {
    const place = await findLockPlace('/home/ada/.local/state/sidewarden', 'app', {});
    expect(place).toEqual({
      path: `/home/ada/.local/state/sidewarden/locks/${userLockName({ uid: process.getuid?.() ?? 0, appId: 'app', name: 'app' })}`,
      fileMode: 0o600,
      name: 'app',
      scope: 'user',
    });
    const names = [
      { uid: 1, appId: 'a', name: 'b' },
      { uid: 11, appId: 'a', name: 'b' },
      { uid: 1, appId: 'a","b', name: 'b' },
      { uid: 1, appId: 'a', name: 'b","b' },
      { uid: 1, appId: 'b', name: 'a' },
    ];
    expect(new Set(names.map(userLockName)).size).toBe(names.length);
    expect(userLockName({ uid: 1, appId: 'a/../..', name: '\0' })).toMatch(/^[0-9a-f]{64}\.lock$/);
    expect(pathLockName({ appId: 'a/../..', name: '\0' })).toMatch(/^\.sidewarden-[0-9a-f]{32}\.lock$/);
  });

  test('is under the home, or where neither a logout nor a reboot deletes it', () => {
    expect(lockBase(linux, '/home/ada', 7)).toBe('/home/ada/.local/state/sidewarden');
    expect(lockBase(linux, null, 7)).toBe('/var/tmp/sidewarden-7');
    const { darwin, win32 } = placeSystems;
    expect(lockBase(darwin, '/Users/ada', 7)).toBe('/Users/ada/Library/Application Support/sidewarden');
    expect(lockBase(win32, '/Users/ada', 0)).toBe('/Users/ada/AppData/Local/sidewarden');
    expect(() => placeSystemOf('constructor')).toThrow(/yet/);
  });
});

describe('doors', () => {
  test('are where the path of a socket is short enough', () => {
    expect(doorDirectories(linux, '/home/ada/.local/state/sidewarden', 7)).toEqual([
      '/home/ada/.local/state/sidewarden/doors',
      '/var/tmp/sidewarden-7/doors',
      '/tmp/sidewarden-7/doors',
    ]);
    expect(doorDirectories(linux, `/home/${'a'.repeat(80)}`, 7)).toEqual(['/var/tmp/sidewarden-7/doors', '/tmp/sidewarden-7/doors']);
    expect(doorName(file)).toMatch(/^[0-9a-f]{16}$/);
  });

  test('the longest path that is allowed can be listened at, and knocked at', async () => {
    await using root = await makeDirectory();
    const room = (linux.socketPathBytes ?? 0) - Buffer.byteLength(root.at('/')) - '/doors/'.length - '0123456789abcdef.zzzzzz'.length;
    const directory = root.at('a'.repeat(room), 'doors');
    expect(doorDirectories(linux, root.at('a'.repeat(room)), 7)[0]).toBe(directory);
    expect(doorDirectories(linux, root.at('a'.repeat(room + 1)), 7)[0]).not.toContain(root.path);
    await expectOpen([directory]);
  });

  test('lie in directories of 0700, and are gone when they are closed', async () => {
    await using root = await makeDirectory();
    const directory = root.at('base', 'doors');
    const door = await createDoors([directory], log).open(file, () => {});
    expect((await lstat(directory)).mode & 0o777).toBe(0o700);
    expect((await lstat(root.at('base'))).mode & 0o777).toBe(0o700);
    expect(await readdir(directory)).toEqual([doorName(file)]);
    await door.close();
    expect(await readdir(directory)).toEqual([]);
  });

  const squats: [string, (path: string) => Promise<unknown>][] = [
    ['a file', (path) => writeFile(path, 'mine')],
    ['a link', (path) => symlink('/nowhere', path)],
    [
      'a directory with something in it',
      async (path) => {
        await mkdir(path);
        await writeFile(`${path}/a`, '');
      },
    ],
    ['the socket of a crash', (path) => leaveSocket(path)],
  ];
  test.each(squats)('whose place is taken by %s are opened all the same', async (_what, squat) => {
    await using root = await makeDirectory();
    const directory = root.at('base', 'doors');
    await mkdir(root.at('base'), { mode: 0o700 });
    await mkdir(directory, { mode: 0o700 });
    await squat(`${directory}/${doorName(file)}`);
    await expectOpen([directory]);
  });

  test('of crashes are swept away after a day, and no others', async () => {
    await using root = await makeDirectory();
    const doors = root.at('doors');
    await mkdir(doors, { mode: 0o700 });
    for (const left of ['old', 'young']) await leaveSocket(`${doors}/${left}`);
    await writeFile(`${doors}/no socket`, '');
    const used = createServer().listen(`${doors}/used`);
    await once(used, 'listening');
    const yesterday = Date.now() / 1_000 - 25 * 3_600;
    for (const old of ['old', 'used', 'no socket']) await utimes(`${doors}/${old}`, yesterday, yesterday);
    const door = await createDoors([doors], log).open(file, () => {});
    try {
      await until(async () => !(await readdir(doors)).includes('old'), 'the old one to be gone');
      expect((await readdir(doors)).sort()).toEqual([doorName(file), 'no socket', 'used', 'young'].sort());
    } finally {
      await door.close();
      used.close();
    }
  });

  test('a directory that is not ours alone is not used; the next one is', async () => {
    await using root = await makeDirectory();
    await using other = await makeDirectory();
    await mkdir(root.at('doors'), { mode: 0o700 });
    await chmod(root.at('doors'), 0o750);
    await expect(createDoors([root.at('doors')], log).open(file, () => {})).rejects.toThrow(/open to others; run: chmod 700/);
    expect(await createDoors([root.at('doors')], log).knock(file)).toMatchObject({
      kind: 'closed',
      reason: expect.stringMatching(/chmod 700/),
    });
    await expectOpen([root.at('doors'), other.at('doors')]);
    await rm(root.at('doors'), { recursive: true });
    await symlink(other.path, root.at('doors'));
    await expect(createDoors([root.at('doors')], log).open(file, () => {})).rejects.toThrow(/is a link/);
    await rm(root.at('doors'));
    await writeFile(root.at('doors'), '');
    await expect(createDoors([root.at('doors')], log).open(file, () => {})).rejects.toThrow(/is no directory/);
  });

  test('nor is one of another user', async ({ skip }) => {
    needs.root(skip);
    await using root = await makeDirectory();
    await mkdir(root.at('doors'), { mode: 0o700 });
    await chown(root.at('doors'), nobody, nobody);
    await expect(createDoors([root.at('doors')], log).open(file, () => {})).rejects.toThrow(/belongs to the user 65534/);
  });

  test('another user can neither enter one nor see it', async ({ skip }) => {
    needs.root(skip);
    await using root = await makeDirectory();
    // As open as a home can be: it is the directory of the doors that keeps strangers out.
    await chmod(root.path, 0o755);
    const directory = root.at('doors');
    const door = await createDoors([directory], log).open(file, () => {});
    try {
      await using stranger = await spawnProgram(nodeProgram('enterDoor', directory, doorName(file)), { uid: nobody });
      expect(JSON.parse(stranger.ready)).toEqual({ connect: 'EACCES', list: 'EACCES', remove: 'EACCES', put: 'EACCES' });
    } finally {
      await door.close();
    }
  });

  /** A visitor comes in where the door is. */
  async function expectOpen(directories: string[]): Promise<void> {
    const doors = createDoors(directories, log);
    const door = await doors.open(file, (socket) => socket.end('in'));
    try {
      const knock = await doors.knock(file);
      if (knock.kind === 'closed') throw new Error(knock.reason);
      const [heard] = await once(knock.socket, 'data');
      expect(String(heard)).toBe('in');
      knock.socket.destroy();
    } finally {
      await door.close();
    }
    expect(await doors.knock(file)).toMatchObject({ kind: 'closed' });
  }

  async function leaveSocket(path: string): Promise<void> {
    const server = createServer().listen(`${path}.left`);
    await once(server, 'listening');
    // Closing deletes the name it was made under, so it is not this one any more.
    await rename(`${path}.left`, path);
    server.close();
    await once(server, 'close');
  }
});

describe('the holder’s side of the socket', () => {
  test('turns away a process of another user', async ({ skip }) => {
    needs.root(skip);
    skip(!hasNative, 'the peer’s user is asked through koffi');
    await using open = await openAtPublicPlace();
    warnings.length = 0;
    await using stranger = await spawnProgram(nodeProgram('enterDoor', open.directory, 'door'), { uid: nobody });
    expect(JSON.parse(stranger.ready)).toMatchObject({ connect: 'closed without a word' });
    await until(() => warnings.length > 0, 'the warning');
    expect(warnings).toEqual([{ user: nobody }]);
    using visit = openVisit(createConnection(open.path), systemClock);
    expect(await visit.ask({ kind: 'who' }, 10_000)).toMatchObject({ kind: 'holder' });
  });

  const garbage: [string, Buffer][] = [
    ['a message that is too long', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['no JSON', framed('nothing')],
    ['JSON that is too deep', framed('['.repeat(1_000) + ']'.repeat(1_000))],
    ['what is no request', framed('{"kind":"open"}')],
    ['two requests at once', Buffer.concat([framed('{"kind":"who"}'), framed('{"kind":"who"}')])],
  ];
  test.each(garbage)('shows out whoever says %s', async (_what, bytes) => {
    await using open = await openAtPublicPlace();
    const socket = createConnection(open.path);
    const closed = endOf(socket);
    socket.write(bytes);
    await closed;
    using visit = openVisit(createConnection(open.path), systemClock);
    expect(await visit.ask({ kind: 'who' }, 10_000)).toMatchObject({ kind: 'holder', courier: 1 });
  });

  test('shows out whoever stands in the door without a word, or stops in the middle of one', async () => {
    const clock = createFakeClock();
    await using open = await openAtPublicPlace(clock);
    for (const begun of ['', '\0\0']) {
      const socket = createConnection(open.path);
      const closed = endOf(socket);
      socket.write(begun);
      await until(() => clock.timers > 0, 'the timer');
      clock.advance(2_000);
      await closed;
    }
  });

  async function openAtPublicPlace(clock = systemClock) {
    const directory = await makeDirectory();
    await chmod(directory.path, 0o755);
    const path = directory.at('door');
    const courier = await openCourier({
      async open(onVisitor) {
        const server = createServer(onVisitor).listen(path);
        await once(server, 'listening');
        await chmod(path, 0o777);
        return { server, close: async () => void server.close() };
      },
      describe: async () => ({ host: null, sidecar: null }),
      deliver: async () => ({ kind: 'delivered' }),
      peerUser: createPeerUser({ native: hasNative, platform: 'linux' }),
      clock,
      log,
    });
    return {
      directory: directory.path,
      path,
      async [Symbol.asyncDispose]() {
        await courier.close();
        courier.dismiss();
        await directory[Symbol.asyncDispose]();
      },
    };
  }
});

describe('a lock whose file is replaced', () => {
  test.each(['renamed', 'deleted', 'replaced'] as const)('%s: it is lost, told once, and may be acquired anew', async (how) => {
    await using scene = await makeScene();
    const { instances, clock, here, path } = scene;
    const told: unknown[] = [];
    const watching = new AbortController();
    const query = { connectionId: 'c1', filter: {}, intervalMs: 1_000 };
    expect(await instances.watch(query, (payload) => told.push(payload), watching.signal)).toEqual([]);
    const { lockId } = await scene.acquire();
    clock.advance(compareEveryMs);
    await until(() => clock.timers > 0, 'the next comparison');
    expect(instances.statusOf('c1')).toMatchObject({ lockId });

    if (how === 'deleted') await rm(path);
    else await rename(path, `${path}.away`);
    if (how === 'replaced') await writeFile(path, '');
    expect(told).toEqual([]);
    clock.advance(compareEveryMs);
    await until(() => told.length > 0, 'the event');
    expect(told).toEqual([{ lockId, change: 'lost' }]);
    expect(instances.statusOf('c1')).toBeNull();
    expect(await instances.release('c1', lockId as string)).toBe(false);
    expect(await instances.query('c1', here, new AbortController().signal)).toBeNull();
    expect(await instances.watch(query, () => {}, watching.signal)).toEqual([{ lockId, change: 'lost' }]);
    expect(await instances.watch({ ...query, connectionId: 'c2' }, () => {}, watching.signal)).toEqual([]);

    expect(await scene.acquire()).toMatchObject({ acquired: true });
    watching.abort();
  });

  test('asked for again, it is found lost at once, and taken anew', async () => {
    await using scene = await makeScene();
    const { lockId } = await scene.acquire();
    await rename(scene.path, `${scene.path}.away`);
    const again = await scene.acquire();
    expect(again).toMatchObject({ acquired: true });
    expect(again.lockId).not.toBe(lockId);
    const watching = new AbortController();
    const lost = await scene.instances.watch({ connectionId: 'c1', filter: {}, intervalMs: 1_000 }, () => {}, watching.signal);
    watching.abort();
    expect(lost).toEqual([{ lockId, change: 'lost' }]);
    expect(await scene.acquire()).toMatchObject({ acquired: false, reason: 'alreadyHeld', lockId: again.lockId });
  });

  test('one that cannot be looked at is not lost', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root sees everything');
    await using scene = await makeScene();
    await scene.acquire();
    await chmod(scene.directory, 0);
    scene.clock.advance(compareEveryMs);
    await until(() => scene.clock.timers > 0, 'the next comparison');
    await chmod(scene.directory, 0o700);
    expect(scene.instances.statusOf('c1')).not.toBeNull();
  });

  async function makeScene() {
    const directory = await makeDirectory();
    const clock = createFakeClock();
    const instances = await createInstances({
      platform: 'linux',
      native: hasNative,
      tryLock: createFileLocks({ native: hasNative }).tryLock,
      ownerOf: () => ({ appId: 'app', hostPid: null, clientInfo: { name: 'test' } }),
      callHost: (async () => ({ kind: 'timeout' })) as CallHost,
      sidecarPid: process.pid,
      describe: async (pid) => ({ pid, startedAt: 1 }),
      identify: async () => null,
      sameIdentity: () => false,
      clock,
      log,
    });
    const here = { scope: 'path' as const, path: directory.path };
    return {
      instances,
      clock,
      here,
      directory: directory.path,
      path: directory.at(pathLockName({ appId: 'app', name: 'app' })),
      acquire: () => instances.acquire('c1', here, new AbortController().signal),
      async [Symbol.asyncDispose]() {
        for (const { release } of instances.list()) await release();
        await directory[Symbol.asyncDispose]();
      },
    };
  }
});

describe('/proc/locks', () => {
  test('is read with its waiters left out', () => {
    const text = [
      '1: FLOCK  ADVISORY  WRITE 2261 08:01:131081 0 EOF',
      '1: -> FLOCK  ADVISORY  WRITE 2262 08:01:131081 0 EOF',
      '2: POSIX  ADVISORY  READ  -1 00:1b:18446744073709551615 128 128',
      '3: LEASE  ACTIVE    READ  9 fd:10:7 0 EOF',
      'what is this',
      '',
    ].join('\n');
    expect(parseProcLocks(text)).toEqual([
      { kind: 'FLOCK', access: 'WRITE', device: '8:1', inode: 131_081n },
      { kind: 'POSIX', access: 'READ', device: '0:27', inode: 18_446_744_073_709_551_615n },
      { kind: 'LEASE', access: 'READ', device: '253:16', inode: 7n },
    ]);
  });

  onLinux(test)('shows a lock as long as it is held', async () => {
    await using directory = await makeDirectory();
    const lock = await createFileLocks({ native: hasNative }).tryLock(directory.at('a.lock'));
    const where = lstatSync(directory.at('a.lock'), { bigint: true });
    expect(await isFlocked(where)).toBe(true);
    await lock?.release();
    expect(await isFlocked(where)).toBe(false);
    expect(await readFile(directory.at('a.lock'), 'utf8')).toBe('');
  });
});

function framed(text: string): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}

/** Resolves when the other end has closed it, however. */
function endOf(socket: Socket): Promise<unknown> {
  return new Promise((resolve) =>
    socket
      .on('error', () => {})
      .on('close', resolve)
      .resume(),
  );
}
