import { constants } from 'node:os';
import { type Libc, loadLibc } from './libc.ts';

/** flock(2), without waiting. The lock belongs to the open file: it ends with the last descriptor of it, however its process ends. */
export interface Flock {
  /** `held`: another open file has a lock that excludes this one. Throws with the errno where the file system knows no locks. */
  take(fd: number, mode: 'exclusive' | 'shared'): 'taken' | 'held';
  /** At once, also while a child that is just being forked still has a copy of the descriptor. */
  drop(fd: number): void;
}

/** Null without koffi: `server/os/fileLock.ts` then runs flock(1) on an inherited descriptor, which takes the same lock. */
export function loadFlock(): Flock | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const calls = bindings;
  return {
    take(fd, mode) {
      if (calls.flock(fd, (mode === 'exclusive' ? LOCK_EX : LOCK_SH) | LOCK_NB) === 0) return 'taken';
      const errno = libc.errno();
      if (errno === constants.errno.EWOULDBLOCK) return 'held';
      throw Object.assign(new Error(`flock failed: errno ${errno}`), { errno });
    },
    drop(fd) {
      calls.flock(fd, LOCK_UN);
    },
  };
}

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

let bindings: ReturnType<typeof bindFunctions> | undefined;
function bindFunctions({ lib }: Libc) {
  return { flock: lib.func('int flock(int fd, int operation)') };
}
