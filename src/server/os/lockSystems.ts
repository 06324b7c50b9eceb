import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { type Flock, loadFlock } from '../../native/linux/flock.ts';
import { fail } from '../../protocol/errors.ts';
import { type FileKey, keyOf, lookAt } from './fileKey.ts';
import { loadMutexLocks } from './mutexLock.ts';

/** How a file comes to be locked, by a lock that the kernel releases when its holder dies in any way. */
export interface LockSystem {
  lock(place: LockedPlace): Promise<Locked | 'held' | 'gone'>;
  isHeld(place: LockedPlace): Promise<boolean>;
  /** Which file it is, while whoever comes to the path is excluded; null from then on. */
  whileAt(handle: FileHandle, path: string): Promise<FileKey | null>;
}

export interface LockedPlace {
  path: string;
  /** Opens with the flags that the system needs; null where there is no file. */
  open(flags: number): Promise<FileHandle | null>;
}

export interface Locked {
  handle: FileHandle;
  /** Closes it, and unlocks. */
  close(): Promise<void>;
}

/**
 * Linux: flock(2), through koffi or by flock(1) on a descriptor that it inherits from us, which is the same lock. macOS: flock as
 * well, taken by open(2) itself (O_EXLOCK). Windows: a mutex named after the path, through koffi.
 */
export function lockSystemOf(platform: string, options: { native: boolean }): LockSystem {
  return systems[platform]?.(options) ?? refusing(() => cannotLock('this sidecar has no locks for this system yet', platform));
}

const systems: Record<string, (options: { native: boolean }) => LockSystem> = {
  linux: ({ native }) => {
    const take = native ? takeNatively : takeByTool;
    return sharing(async ({ open }, mode) => {
      const handle = await open(0);
      if (handle === null) return 'gone';
      let isTaken = false;
      try {
        const { answer, drop } = await take(handle, mode);
        isTaken = answer === 'taken';
        return isTaken ? closing(handle, drop) : 'held';
      } finally {
        if (!isTaken) await handle.close();
      }
    });
  },
  darwin: () =>
    sharing(async ({ open }, mode) => {
      try {
        const handle = await open((mode === 'shared' ? O_SHLOCK : O_EXLOCK) | constants.O_NONBLOCK);
        return handle === null ? 'gone' : closing(handle);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') return 'held';
        throw code === 'ENOTSUP' || code === 'EOPNOTSUPP' ? cannotLock('the file system knows no locks', 'darwin', error) : error;
      }
    }),
  win32: ({ native }) => {
    const mutexes = native ? loadMutexLocks() : null;
    if (mutexes === null)
      return refusing(() => cannotLock('that needs native calls, which this sidecar has none of; install koffi', 'win32'));
    return {
      async lock({ path, open }) {
        const mutex = await mutexes.take(path);
        if (mutex === null) return 'held';
        let handle: FileHandle | null = null;
        try {
          handle = await open(0);
        } finally {
          if (handle === null) mutex.release();
        }
        // A file that was deleted is there until it is closed, and whoever has the lock next is not to meet it.
        return handle === null ? 'gone' : { handle, close: () => handle.close().finally(() => mutex.release()) };
      },
      isHeld: ({ path }) => mutexes.isHeld(path),
      whileAt: async (handle, path) => keyOf(path, await handle.stat({ bigint: true })),
    };
  },
};

/** The lock goes first, at once, also while a child that is just being forked still has a copy of the descriptor. */
function closing(handle: FileHandle, drop = () => {}): Locked {
  return {
    handle,
    close() {
      drop();
      return handle.close();
    },
  };
}

type Mode = Parameters<Flock['take']>[1];

/** Looking takes a shared lock for a moment, so lookers do not take each other for holders. */
function sharing(open: (place: LockedPlace, mode: Mode) => Promise<Locked | 'held' | 'gone'>): LockSystem {
  return {
    lock: (place) => open(place, 'exclusive'),
    async isHeld(place) {
      const answer = await open(place, 'shared');
      if (typeof answer !== 'string') await answer.close();
      return answer === 'held';
    },
    whileAt,
  };
}

/** bsd/sys/fcntl.h of xnu; open(2) there: with O_NONBLOCK a lock that is held is EWOULDBLOCK. */
const O_SHLOCK = 0x10;
const O_EXLOCK = 0x20;

/** A lock on a file that was deleted or replaced in the meantime excludes nobody. */
async function whileAt(handle: FileHandle, path: string): Promise<FileKey | null> {
  const [locked, named] = await Promise.all([handle.stat({ bigint: true }), lookAt(path)]);
  return named !== null && named.dev === locked.dev && named.ino === locked.ino ? named : null;
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

function refusing(refusal: () => Error): LockSystem {
  const refuse = async (): Promise<never> => {
    throw refusal();
  };
  return { lock: refuse, isHeld: refuse, whileAt: refuse };
}

function cannotLock(why: string, platform: string, cause?: unknown) {
  return fail('Unsupported', `Files cannot be locked here: ${why}.`, { capability: 'fileLock', platform }, { cause });
}
