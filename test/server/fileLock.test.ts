import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { createFileLocks } from '../../src/server/os/fileLock.ts';
import { makeDirectory } from '../harness/directory.ts';
import { nodeProgram, spawnProgram } from '../harness/processes.ts';
import { hasNative } from '../harness/sidecar.ts';

const kinds = ['tool', ...(hasNative ? ['native'] : [])] as const;
const pairs = kinds.flatMap((holder) => kinds.map((other) => [holder, other] as const));
const locksOf = (kind: string) => createFileLocks({ native: kind === 'native' });

describe.each(pairs)('held through %s, asked for through %s', (holder, other) => {
  test('it is held as long as its holder lives, and free when that is killed', async () => {
    await using directory = await makeDirectory();
    const path = directory.at('a.lock');
    const locks = locksOf(other);
    await using program = await spawnProgram(nodeProgram('holdLock', path, holder));
    expect(program.ready).toBe('locked');
    expect(await locks.tryLock(path)).toBeNull();
    expect(await locks.tryAdopt(path)).toBe('held');
    expect(await locks.isHeld(path)).toBe(true);
    await program.kill('SIGKILL');
    expect(await locks.isHeld(path)).toBe(false);
    const lock = await locks.tryLock(path);
    expect(lock).not.toBeNull();
    await lock?.release();
  });

  test('two in one process exclude each other as well, until the first lets go', async () => {
    await using directory = await makeDirectory();
    const path = directory.at('a.lock');
    const first = await locksOf(holder).tryLock(path);
    expect(first).not.toBeNull();
    expect(await locksOf(other).tryLock(path)).toBeNull();
    await first?.release();
    const second = await locksOf(other).tryLock(path);
    expect(second).not.toBeNull();
    await second?.release();
  });
});

describe.each(kinds)('through %s', (kind) => {
  const locks = locksOf(kind);

  test('the file is private, kept, and not emptied', async () => {
    await using directory = await makeDirectory();
    const path = directory.at('a.lock');
    const lock = await locks.tryLock(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await writeFile(path, 'kept');
    await lock?.release();
    const again = await locks.tryLock(path);
    expect(await readFile(path, 'utf8')).toBe('kept');
    await again?.release();
  });

  test('releasing twice is releasing once', async () => {
    await using directory = await makeDirectory();
    const lock = await locks.tryLock(directory.at('a.lock'));
    await lock?.release();
    const other = await locks.tryLock(directory.at('a.lock'));
    await lock?.release();
    expect(await locks.isHeld(directory.at('a.lock'))).toBe(true);
    await other?.release();
  });

  test('a lock on a file that was replaced excludes nobody, and the new file can be locked', async () => {
    await using directory = await makeDirectory();
    const path = directory.at('a.lock');
    const old = await locks.tryLock(path);
    await writeFile(directory.at('new'), '');
    await rename(directory.at('new'), path);
    const lock = await locks.tryLock(path);
    expect(lock).not.toBeNull();
    expect((await lock?.handle.stat())?.ino).toBe((await stat(path)).ino);
    await Promise.all([old?.release(), lock?.release()]);
  });

  test('what is not there is gone, and looking makes nothing', async () => {
    await using directory = await makeDirectory();
    const path = directory.at('a.lock');
    expect(await locks.tryAdopt(path)).toBe('gone');
    expect(await locks.isHeld(path)).toBe(false);
    await expect(stat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('one who looks does not keep another from looking', async () => {
    await using directory = await makeDirectory();
    const path = directory.at('a.lock');
    await (await locks.tryLock(path))?.release();
    const answers = await Promise.all(Array.from({ length: 8 }, () => locks.isHeld(path)));
    expect(answers).toEqual(Array(8).fill(false));
  });

  test('a link is not followed', async () => {
    await using directory = await makeDirectory();
    await symlink(directory.at('elsewhere'), directory.at('a.lock'));
    await expect(locks.tryLock(directory.at('a.lock'))).rejects.toMatchObject({ code: 'ELOOP' });
    await unlink(directory.at('a.lock'));
  });

  test('a child that is started meanwhile does not keep the lock', async () => {
    await using directory = await makeDirectory();
    const path = directory.at('a.lock');
    const lock = await locks.tryLock(path);
    const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
    await once(child, 'spawn');
    await lock?.release();
    expect(await locks.isHeld(path)).toBe(false);
    child.stdin?.end();
    await once(child, 'close');
  });
});

test('without koffi and flock(1) it says so, and how to help it', async () => {
  await using directory = await makeDirectory();
  const path = process.env['PATH'];
  process.env['PATH'] = directory.path;
  try {
    await expect(createFileLocks({ native: false }).tryLock(directory.at('a.lock'))).rejects.toMatchObject({
      failure: { kind: 'Unsupported', data: { capability: 'fileLock' }, message: expect.stringMatching(/koffi.*flock\(1\).*install/) },
    });
  } finally {
    process.env['PATH'] = path;
  }
});
