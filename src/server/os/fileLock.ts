import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { FileKey } from './fileKey.ts';
import { type LockedPlace, type LockSystem, lockSystemOf } from './lockSystems.ts';

/*
 * Locks that the kernel releases when their holder dies in any way. A file is never deleted to unlock it; who deletes a locked
 * file holds it.
 */

export interface FileLock {
  /** The locked file itself; closing it would unlock: leave that to `release`. Open for appending too, where the file lets us write. */
  readonly handle: FileHandle;
  /** Which file it is. */
  readonly file: FileKey;
  /** Whether it still excludes anybody: a file that was renamed, replaced or deleted does not, but on Windows. Rejects where that cannot be seen. */
  isIntact(): Promise<boolean>;
  release(): Promise<void>;
}

/** Locks a file, which is made where there is none (0600 unless said otherwise). Null: held by another. Throws Unsupported where there is no way to lock. */
export type TryLock = (path: string, fileMode?: number) => Promise<FileLock | null>;

export interface FileLocks {
  tryLock: TryLock;
  /** Locks a file that must be there already. */
  tryAdopt(path: string): Promise<FileLock | 'held' | 'gone'>;
  /** Whether somebody holds it. Looking keeps nobody else from looking. */
  isHeld(path: string): Promise<boolean>;
}

export interface FileLockOptions {
  native: boolean;
  platform?: string;
}

export function createFileLocks({ native, platform = 'linux' }: FileLockOptions): FileLocks {
  const system = lockSystemOf(platform, { native });
  const lookFor = (path: string): LockedPlace => ({ path, open: (flags) => openFile(path, looking | flags) });
  return {
    async tryLock(path, fileMode = 0o600) {
      // Whoever adopts a ledger may delete it between our open and our lock.
      for (let attempt = 0; attempt < 5; attempt++) {
        const answer = await lockFile({ path, open: (flags) => openOrMake(path, flags, fileMode) }, system);
        if (answer !== 'gone') return answer === 'held' ? null : answer;
      }
      return null;
    },
    tryAdopt: (path) => lockFile(lookFor(path), system),
    isHeld: (path) => system.isHeld(lookFor(path)),
  };
}

export function createTryLock(options: FileLockOptions): TryLock {
  return createFileLocks(options).tryLock;
}

async function lockFile(place: LockedPlace, { lock, whileAt }: LockSystem): Promise<FileLock | 'held' | 'gone'> {
  const locked = await lock(place);
  if (typeof locked === 'string') return locked;
  const { handle, close } = locked;
  const { path } = place;
  let file: FileKey | null = null;
  try {
    file = await whileAt(handle, path);
  } finally {
    if (file === null) await close();
  }
  if (file === null) return 'gone';
  kept.add(handle);
  return {
    handle,
    file,
    isIntact: async () => (await whileAt(handle, path)) !== null,
    async release() {
      if (kept.delete(handle)) await close();
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
