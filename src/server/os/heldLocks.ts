import { readFile } from 'node:fs/promises';
import { parseProcLocks } from '../../workers/platform/parse/procLocks.ts';
import { type FileKey, lookAt } from './fileKey.ts';
import { loadMutexLocks } from './mutexLock.ts';

/** Whether somebody has the lock of this file, without touching it; `unknown` where the system does not tell. */
export type IsLocked = (path: string) => Promise<boolean | 'unknown'>;

export function createIsLocked({ native, platform }: { native: boolean; platform: string }): IsLocked {
  if (platform === 'win32') return async (path) => (native ? loadMutexLocks() : null)?.isHeld(path) ?? 'unknown';
  return async function isLocked(path) {
    const file = await lookAt(path);
    return file !== null && (await isFlocked(file));
  };
}

/**
 * Whether somebody has an exclusive flock on the file: the kernel’s list is read. `unknown` where there is no such list. It
 * leaves out who is in another pid namespace (locks_show in fs/locks.c), and then says false.
 */
export async function isFlocked({ dev, ino }: Pick<FileKey, 'dev' | 'ino'>): Promise<boolean | 'unknown'> {
  let text: string;
  try {
    text = await readFile('/proc/locks', 'latin1');
  } catch {
    return 'unknown';
  }
  const device = formatDevice(dev);
  return parseProcLocks(text).some(
    (row) => row.kind === 'FLOCK' && row.access === 'WRITE' && row.inode === ino && (row.device === device || device.startsWith('0:')),
  );
}

/**
 * As glibc takes a dev_t apart (sys/sysmacros.h). btrfs and overlayfs tell stat(2) an anonymous device, of major 0, that is
 * not the one in the list; there the inode has to do.
 */
function formatDevice(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}
