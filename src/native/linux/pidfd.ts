import fs from 'node:fs';
import { loadLibc } from './libc.ts';

/** Handles on processes (pidfd_open(2), Linux 5.3): one names its process for as long as it is open, whatever becomes of the pid. */
export interface Pidfds {
  /** A new handle, to be closed with fs.closeSync; or the errno: ESRCH no such process, EINVAL/ENOENT a thread, ENOSYS/EPERM not here. */
  open(pid: number): { fd: number } | { errno: number };
  /** Sends a signal, 0 to none but the check (pidfd_send_signal(2)); the errno, or 0. */
  signal(fd: number, signal: number): number;
  /** The inode of a handle, unique since boot, where handles have one of their own (pidfs, Linux 6.9); null elsewhere. */
  inode(fd: number): bigint | null;
}

/** The calls on process handles; null without native calls, where /proc alone has to do. */
export function loadPidfds(): Pidfds | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: Pidfds | null | undefined;

function bind(): Pidfds | null {
  const libc = loadLibc();
  if (libc === null) return null;
  // By syscall(2): glibc has wrappers since 2.36 only. New system calls have one number on all architectures.
  const syscall = libc.lib.func('int syscall(long number, long a, long b, long c, long d)');
  let hasInodes: boolean | undefined;
  return {
    open(pid) {
      const fd: number = syscall(SYS_pidfd_open, pid, 0, 0, 0);
      return fd >= 0 ? { fd } : { errno: libc.errno() };
    },
    signal: (fd, signal) => (syscall(SYS_pidfd_send_signal, fd, signal, 0, 0) === 0 ? 0 : libc.errno()),
    inode(fd) {
      // Before pidfs, all handles share the one inode of anon_inodefs.
      hasInodes ??= isOnPidfs(fd);
      return hasInodes ? fs.fstatSync(fd, { bigint: true }).ino : null;
    },
  };
}

/** Without a /proc there is no path to it (Node has no fstatfs), and no process to look at either. */
function isOnPidfs(fd: number): boolean {
  try {
    return fs.statfsSync(`/proc/self/fd/${fd}`).type === PID_FS_MAGIC;
  } catch {
    return false;
  }
}

const SYS_pidfd_open = 434;
const SYS_pidfd_send_signal = 424;
/** include/uapi/linux/magic.h */
const PID_FS_MAGIC = 0x5049_4446;
