import { readFile } from 'node:fs/promises';
import { parseProcLocks } from '../../workers/platform/parse/procLocks.ts';
import type { FileKey } from './fileLock.ts';

/**
 * Whether somebody has an exclusive flock on the file, without touching it: the kernel’s list is read. `unknown` where there
 * is no such list. It leaves out who is in another pid namespace (locks_show in fs/locks.c), and then says false.
 */
export async function isFlocked({ dev, ino }: FileKey): Promise<boolean | 'unknown'> {
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
