import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { type Flock, loadFlock } from '../../native/linux/flock.ts';
import { fail } from '../../protocol/errors.ts';

/*
 * Locks that the kernel releases when their holder dies in any way. Linux: flock(2), through koffi or by flock(1) on a descriptor
 * that it inherits from us, which is the same lock. macOS: flock as well, taken by open(2) itself (O_EXLOCK). A file is never
 * deleted to unlock it; who deletes a locked file holds it.
 */

export interface FileLock {
  /** The locked file itself; closing it would unlock: leave that to `release`. Open for appending too, where the file lets us write. */
  readonly handle: FileHandle;
  /** Which file it is. */
  readonly file: FileKey;
  /** Whether it still excludes anybody: a file that was renamed, replaced or deleted does not. Rejects where that cannot be seen. */
  isIntact(): Promise<boolean>;
  release(): Promise<void>;
}

export interface FileKey {
  dev: bigint;
  ino: bigint;
}

/** Locks a file, which is made where there is none (0600 unless said otherwise). Null: held by another. Throws Unsupported where there is no way to lock. */
export type TryLock = (path: string, fileMode?: number) => Promise<FileLock | null>;

export interface FileLocks {
  tryLock: TryLock;
  /** Locks a file that must be there already. */
  tryAdopt(path: string): Promise<FileLock | 'held' | 'gone'>;
  /** Whether somebody holds it. Looking takes a shared lock for a moment, so lookers do not take each other for holders. */
  isHeld(path: string): Promise<boolean>;
}

export interface FileLockOptions {
  native: boolean;
  platform?: string;
}

export function createFileLocks({ native, platform = 'linux' }: FileLockOptions): FileLocks {
  const openLocked = systems[platform]?.({ native }) ?? notBuilt(platform);
  return {
    async tryLock(path, fileMode = 0o600) {
      // Whoever adopts a ledger may delete it between our open and our lock.
      for (let attempt = 0; attempt < 5; attempt++) {
        const answer = await lockFile((flags) => openOrMake(path, flags, fileMode), path, 'exclusive', openLocked);
        if (answer !== 'gone') return answer === 'held' ? null : answer;
      }
      return null;
    },
    tryAdopt: (path) => lockFile((flags) => openFile(path, looking | flags), path, 'exclusive', openLocked),
    async isHeld(path) {
      const answer = await lockFile((flags) => openFile(path, looking | flags), path, 'shared', openLocked);
      if (typeof answer === 'string') return answer === 'held';
      await answer.release();
      return false;
    },
  };
}

export function createTryLock(options: FileLockOptions): TryLock {
  return createFileLocks(options).tryLock;
}

type Mode = Parameters<Flock['take']>[1];
/** Opens with the flags that the system needs; null where there is no file. */
type Open = (flags: number) => Promise<FileHandle | null>;
interface Locked {
  handle: FileHandle;
  drop(): void;
}
type OpenLocked = (open: Open, mode: Mode) => Promise<Locked | 'held' | 'gone'>;

/** How a file comes to be locked, system by system. */
const systems: Record<string, (options: { native: boolean }) => OpenLocked> = {
  linux: ({ native }) => {
    const take = native ? takeNatively : takeByTool;
    return async (open, mode) => {
      const handle = await open(0);
      if (handle === null) return 'gone';
      let isTaken = false;
      try {
        const { answer, drop } = await take(handle, mode);
        isTaken = answer === 'taken';
        return isTaken ? { handle, drop } : 'held';
      } finally {
        if (!isTaken) await handle.close();
      }
    };
  },
  darwin: () => async (open, mode) => {
    try {
      const handle = await open((mode === 'shared' ? O_SHLOCK : O_EXLOCK) | constants.O_NONBLOCK);
      return handle === null ? 'gone' : { handle, drop: () => {} };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EAGAIN') return 'held';
      throw code === 'ENOTSUP' || code === 'EOPNOTSUPP' ? cannotLock('the file system knows no locks', 'darwin', error) : error;
    }
  },
};

/** bsd/sys/fcntl.h of xnu; open(2) there: with O_NONBLOCK a lock that is held is EWOULDBLOCK. */
const O_SHLOCK = 0x10;
const O_EXLOCK = 0x20;

async function lockFile(open: Open, path: string, mode: Mode, openLocked: OpenLocked): Promise<FileLock | 'held' | 'gone'> {
  const locked = await openLocked(open, mode);
  if (typeof locked === 'string') return locked;
  const { handle, drop } = locked;
  let file: FileKey | null = null;
  try {
    file = await whileAt(handle, path);
  } finally {
    if (file === null) await handle.close();
  }
  if (file === null) return 'gone';
  kept.add(handle);
  return {
    handle,
    file,
    isIntact: async () => (await whileAt(handle, path)) !== null,
    async release() {
      if (!kept.delete(handle)) return;
      drop();
      await handle.close();
    },
  };
}

/** Node closes a FileHandle that nobody refers to any more, and with it our lock. */
const kept = new Set<FileHandle>();

const writing = constants.O_RDWR | constants.O_APPEND;
/** Enough for a lock, and possible on a disk that became read-only, or in a file of another user. */
const looking = constants.O_RDONLY;

async function openOrMake(path: string, flags: number, fileMode: number): Promise<FileHandle | null> {
  const found = await openFile(path, writing | flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error;
    return openFile(path, looking | flags);
  });
  // Not by O_CREAT alone: in a directory such as /tmp that refuses the files of others (fs.protected_regular, proc_sys_fs(5)).
  return found ?? makeFile(path, flags, fileMode);
}

async function makeFile(path: string, flags: number, fileMode: number): Promise<FileHandle | null> {
  try {
    const handle = await open(path, writing | flags | constants.O_CREAT | constants.O_EXCL, 0o600);
    // Past the umask: where others may take part, they have to be able to.
    if (fileMode !== 0o600) await handle.chmod(fileMode);
    return handle;
  } catch (error) {
    // Another was faster; there is one now.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null;
    throw error;
  }
}

/** Node opens everything with O_CLOEXEC, so no child keeps a lock of ours alive. */
async function openFile(path: string, flags: number): Promise<FileHandle | null> {
  try {
    return await open(path, flags | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Which file it is, while that is at the path: a lock on one that was deleted or replaced in the meantime excludes nobody. */
async function whileAt(handle: FileHandle, path: string): Promise<FileKey | null> {
  const [{ dev, ino }, named] = await Promise.all([handle.stat({ bigint: true }), lookAt(path)]);
  return named !== null && named.dev === dev && named.ino === ino ? { dev, ino } : null;
}

/** Which file is at a path. Null where there is none; what cannot be looked at is thrown, for it may well be there. */
export async function lookAt(path: string): Promise<FileKey | null> {
  return lstat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
    throw error;
  });
}

async function takeNatively(handle: FileHandle, mode: Mode) {
  const flock = loadFlock();
  if (flock === null) return takeByTool(handle, mode);
  try {
    return { answer: flock.take(handle.fd, mode), drop: () => flock.drop(handle.fd) };
  } catch (error) {
    throw cannotLock('the file system takes none', 'linux', error);
  }
}

/** flock(1) of util-linux or BusyBox, on our open file as its descriptor 3; the lock stays with the file when the tool ends. */
async function takeByTool(handle: FileHandle, mode: Mode) {
  const tool = spawn('flock', [...(mode === 'shared' ? ['-s'] : []), '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', handle.fd] });
  const [code] = await once(tool, 'close').catch((cause: unknown) => {
    throw cannotLock('koffi is missing and flock(1) could not be run; install one of them', 'linux', cause);
  });
  if (code !== 0 && code !== 1) throw cannotLock(`flock(1) ended with ${code}`, 'linux');
  return { answer: code === 0 ? ('taken' as const) : ('held' as const), drop: () => {} };
}

function notBuilt(platform: string): OpenLocked {
  return async () => {
    throw cannotLock('this sidecar has no locks for this system yet', platform);
  };
}

function cannotLock(why: string, platform: string, cause?: unknown) {
  return fail('Unsupported', `Files cannot be locked here: ${why}.`, { capability: 'fileLock', platform }, { cause });
}
