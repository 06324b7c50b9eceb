import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { type Flock, loadFlock } from '../../native/linux/flock.ts';
import { fail } from '../../protocol/errors.ts';

/*
 * Locks that the kernel releases when their holder dies in any way: flock(2), through koffi or by flock(1) on a descriptor
 * that it inherits from us, which is the same lock. A file is never deleted to unlock it; who deletes a locked file holds it.
 */

export interface FileLock {
  /** The locked file itself; one that `tryLock` made is open for reading and appending. Closing it would unlock: leave that to `release`. */
  readonly handle: FileHandle;
  release(): Promise<void>;
}

/** Locks a file, which is made (0600) where there is none. Null: held by another. Throws Unsupported where there is no way to lock. */
export type TryLock = (path: string) => Promise<FileLock | null>;

export interface FileLocks {
  tryLock: TryLock;
  /** Locks a file that must be there already. */
  tryAdopt(path: string): Promise<FileLock | 'held' | 'gone'>;
  /** Whether somebody holds it. Looking takes a shared lock for a moment, so lookers do not take each other for holders. */
  isHeld(path: string): Promise<boolean>;
}

export function createFileLocks({ native }: { native: boolean }): FileLocks {
  const take = native ? takeNatively : takeByTool;
  return {
    async tryLock(path) {
      // Whoever adopts a ledger may delete it between our open and our lock.
      for (let attempt = 0; attempt < 5; attempt++) {
        const answer = await lockFile(path, making, 'exclusive', take);
        if (answer !== 'gone') return answer === 'held' ? null : answer;
      }
      return null;
    },
    tryAdopt: (path) => lockFile(path, looking, 'exclusive', take),
    async isHeld(path) {
      const answer = await lockFile(path, looking, 'shared', take);
      if (typeof answer === 'string') return answer === 'held';
      await answer.release();
      return false;
    },
  };
}

export function createTryLock(options: { native: boolean }): TryLock {
  return createFileLocks(options).tryLock;
}

const making = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT;
/** Enough for a lock, and possible on a disk that became read-only. */
const looking = constants.O_RDONLY;

type Mode = Parameters<Flock['take']>[1];
type Take = (handle: FileHandle, mode: Mode) => Promise<{ answer: 'taken' | 'held'; drop(): void }>;

async function lockFile(path: string, flags: number, mode: Mode, take: Take): Promise<FileLock | 'held' | 'gone'> {
  const handle = await openFile(path, flags);
  if (handle === null) return 'gone';
  let lock: FileLock | null = null;
  try {
    const { answer, drop } = await take(handle, mode);
    if (answer === 'held') return 'held';
    if (!(await isStillAt(handle, path))) return 'gone';
    lock = {
      handle,
      async release() {
        if (!kept.delete(handle)) return;
        drop();
        await handle.close();
      },
    };
    kept.add(handle);
    return lock;
  } finally {
    if (lock === null) await handle.close();
  }
}

/** Node closes a FileHandle that nobody refers to any more, and with it our lock. */
const kept = new Set<FileHandle>();

/** Node opens everything with O_CLOEXEC, so no child keeps a lock of ours alive. */
async function openFile(path: string, flags: number): Promise<FileHandle | null> {
  try {
    return await open(path, flags | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    if (flags === looking && (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** A lock on a file that was deleted or replaced in the meantime excludes nobody. */
async function isStillAt(handle: FileHandle, path: string): Promise<boolean> {
  const [locked, named] = await Promise.all([handle.stat({ bigint: true }), lstat(path, { bigint: true }).catch(() => null)]);
  return named !== null && named.dev === locked.dev && named.ino === locked.ino;
}

async function takeNatively(handle: FileHandle, mode: Mode) {
  const flock = loadFlock();
  if (flock === null) return takeByTool(handle, mode);
  return { answer: flock.take(handle.fd, mode), drop: () => flock.drop(handle.fd) };
}

/** flock(1) of util-linux or BusyBox, on our open file as its descriptor 3; the lock stays with the file when the tool ends. */
async function takeByTool(handle: FileHandle, mode: Mode) {
  const tool = spawn('flock', [...(mode === 'shared' ? ['-s'] : []), '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', handle.fd] });
  const [code] = await once(tool, 'close').catch((cause: unknown) => {
    throw cannotLock('koffi is missing and flock(1) could not be run; install one of them', cause);
  });
  if (code !== 0 && code !== 1) throw cannotLock(`flock(1) ended with ${code}`);
  return { answer: code === 0 ? ('taken' as const) : ('held' as const), drop: () => {} };
}

function cannotLock(why: string, cause?: unknown) {
  return fail('Unsupported', `Files cannot be locked here: ${why}.`, { capability: 'fileLock', platform: 'linux' }, { cause });
}
