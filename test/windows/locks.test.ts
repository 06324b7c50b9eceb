import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { loadLibraries } from '../../src/native/win32/libraries.ts';
import { createPipeDoors } from '../../src/server/instance/pipeDoors.ts';
import type { FileKey } from '../../src/server/os/fileKey.ts';
import { createFileLocks } from '../../src/server/os/fileLock.ts';
import { createIsLocked } from '../../src/server/os/heldLocks.ts';
import { lookAtPipe } from '../../src/server/os/ownPipe.ts';
import { findWindowsUser } from '../../src/server/os/windowsUser.ts';
import { parseSid } from '../../src/workers/platform/parse/sid.ts';
import { makeDirectory } from '../harness/directory.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';

/* The locks of Windows and the pipes beside them: kernel objects by name. */

const locks = createFileLocks({ native: true, platform: 'win32' });
const isLocked = createIsLocked({ native: true, platform: 'win32' });

test('a lock is held as long as its holder lives, and free when that is killed', async () => {
  await using directory = await makeDirectory();
  const path = directory.at('a.lock');
  await using program = await spawnProgram(nodeProgram('holdLock', path, 'native'));
  expect(program.ready).toBe('locked');
  expect(await locks.tryLock(path)).toBeNull();
  expect(await locks.tryAdopt(path)).toBe('held');
  expect(await locks.isHeld(path)).toBe(true);
  expect(await isLocked(path)).toBe(true);
  await program.kill();
  expect(await isLocked(path)).toBe(false);
  const lock = await locks.tryLock(path);
  expect(lock).not.toBeNull();
  await lock?.release();
});

test('two in one process exclude each other, until the first lets go; twice is once', async () => {
  await using directory = await makeDirectory();
  const path = directory.at('a.lock');
  const first = await locks.tryLock(path);
  expect(await locks.tryLock(path)).toBeNull();
  await first?.release();
  const second = await locks.tryLock(path);
  expect(second).not.toBeNull();
  await first?.release();
  expect(await locks.isHeld(path)).toBe(true);
  await second?.release();
});

test('what is not there is gone, and looking makes nothing', async () => {
  await using directory = await makeDirectory();
  const path = directory.at('a.lock');
  expect(await locks.tryAdopt(path)).toBe('gone');
  expect(await locks.isHeld(path)).toBe(false);
  await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(locks.tryLock(directory.at('missing', 'a.lock'))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('neither looking nor trying in vain makes another try fail', async () => {
  await using directory = await makeDirectory();
  const path = directory.at('a.lock');
  await using program = await spawnProgram(nodeProgram('askForLock', path));
  for (let round = 0; round < 100; round += 1) {
    const lock = await locks.tryLock(path);
    expect(lock, `round ${round}`).not.toBeNull();
    expect(await locks.tryLock(path)).toBeNull();
    await lock?.release();
  }
  program.write('enough\n');
  const { looks, held } = JSON.parse(await program.line()) as { looks: number; held: number };
  expect(looks).toBeGreaterThan(25);
  expect(held).toBeGreaterThan(0);
});

test('the file is kept and not emptied, and stays excluded when it is replaced', async () => {
  await using directory = await makeDirectory();
  const path = directory.at('a.lock');
  const lock = await locks.tryLock(path);
  await lock?.handle.appendFile('kept');
  expect(await lock?.isIntact()).toBe(true);
  await lock?.release();
  const again = await locks.tryLock(path);
  expect(await readFile(path, 'utf8')).toBe('kept');
  await unlink(path);
  expect(await again?.isIntact()).toBe(true);
  expect(await locks.tryLock(path)).toBeNull();
  await again?.release();
});

test('another name of the same file is the same lock', async () => {
  await using directory = await makeDirectory();
  const lock = await locks.tryLock(directory.at('a.lock'));
  expect(await locks.tryLock(directory.at('A.LOCK'))).toBeNull();
  expect(await locks.tryLock(directory.at('.', 'a.lock').toUpperCase())).toBeNull();
  await lock?.release();
});

test('a child that is started meanwhile does not keep the lock', async () => {
  await using directory = await makeDirectory();
  const path = directory.at('a.lock');
  const lock = await locks.tryLock(path);
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'], windowsHide: true });
  await once(child, 'spawn');
  await lock?.release();
  expect(await locks.isHeld(path)).toBe(false);
  child.stdin?.end();
  await once(child, 'close');
});

test('without native calls it says so, and how to help it', async () => {
  await using directory = await makeDirectory();
  await expect(createFileLocks({ native: false, platform: 'win32' }).tryLock(directory.at('a.lock'))).rejects.toMatchObject({
    failure: {
      kind: 'Unsupported',
      data: { capability: 'fileLock', platform: 'win32' },
      message: expect.stringContaining('install koffi'),
    },
  });
});

test('the pipe beside a lock lets in its own user alone, and goes when it is closed', async () => {
  await using directory = await makeDirectory();
  const doors = createPipeDoors(directory.at('doors'), silent);
  const file: FileKey = { path: directory.at('a.lock'), dev: 0n, ino: 0n };
  expect(await doors.knock(file)).toMatchObject({ kind: 'closed', reason: expect.stringContaining('nobody listens') });
  const door = await doors.open(file, (socket) => socket.on('error', () => {}).end('in'));
  const pipe = String(door.server.address());
  try {
    const knock = await doors.knock(file);
    if (knock.kind === 'closed') throw new Error(knock.reason);
    const [heard] = await once(knock.socket, 'data');
    expect(String(heard)).toBe('in');
    knock.socket.destroy();
    expect(lookAtPipe(pipe)).toBe('ours');
    expect(readUsers(pipe)).toEqual([findWindowsUser()?.name]);
  } finally {
    await door.close();
  }
  expect(await doors.knock(file)).toMatchObject({ kind: 'closed' });
});

test('the sign of a pipe that is gone leads to nobody', async () => {
  await using directory = await makeDirectory();
  const doors = createPipeDoors(directory.at('doors'), silent);
  const file: FileKey = { path: directory.at('a.lock'), dev: 0n, ino: 0n };
  const door = await doors.open(file, (socket) => socket.destroy());
  const [name] = await readdir(directory.at('doors'));
  const text = await readFile(directory.at('doors', name as string), 'utf8');
  await door.close();
  for (const left of [text, 'garbage', '']) {
    await writeFile(directory.at('doors', name as string), left);
    expect(await doors.knock(file)).toMatchObject({ kind: 'closed', reason: expect.stringContaining('nobody listens') });
  }
});

const silent = { debug() {}, info() {}, warn() {}, error() {}, fatal() {} } as never;

/** Whom the access list of a pipe lets in, by SID: what Windows has of it, a self-relative descriptor (winnt.h). */
function readUsers(pipe: string): (string | null)[] {
  const libraries = loadLibraries();
  if (libraries === null) throw new Error('this test needs koffi');
  const { advapi32, kernel32 } = libraries;
  const createFile = kernel32.func(
    'intptr_t __stdcall CreateFileW(str16 path, uint32 access, uint32 share, void *security, uint32 how, uint32 flags, intptr_t model)',
  );
  const getSecurity = advapi32.func(
    'bool __stdcall GetKernelObjectSecurity(intptr_t handle, uint32 what, void *bytes, uint32 size, _Out_ uint32 *needed)',
  );
  const closeHandle = kernel32.func('bool __stdcall CloseHandle(intptr_t handle)');
  const handle = createFile(pipe, 0x2_0000, 0, null, 3, 0, 0);
  try {
    const bytes = new Uint8Array(1_024);
    if (!getSecurity(handle, 4, bytes, bytes.length, [0])) throw new Error('its access list could not be read');
    const view = new DataView(bytes.buffer);
    const list = view.getUint32(16, true);
    let entry = list + 8;
    return Array.from({ length: view.getUint16(list + 4, true) }, () => {
      const sid = parseSid(bytes.subarray(entry + 8));
      entry += view.getUint16(entry + 2, true);
      return sid;
    });
  } finally {
    closeHandle(handle);
  }
}
