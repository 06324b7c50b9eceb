import { open, rename, unlink } from 'node:fs/promises';
import type { Clock } from '../../clock.ts';
import { isPosix } from './posix.ts';
import { errnoOf } from './program.ts';

/**
 * Puts the text in the file’s place, 0600, whole or not at all: whoever reads meanwhile, or after a crash or a power
 * failure, finds the old text or the new one. The name beside it is ours alone only under a lock, or in this process.
 */
export async function replaceFile(path: string, text: string, clock: Pick<Clock, 'sleep'>): Promise<void> {
  const beside = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(beside, 'w', 0o600);
    try {
      await file.writeFile(text);
      // Else the rename may reach the disk before the text does.
      await file.sync();
    } finally {
      await file.close();
    }
    await moveOver(beside, path, clock);
  } catch (error) {
    await unlink(beside).catch(() => {});
    throw error;
  }
}

/** Windows refuses it while somebody has the old file open, to read it or to look it over; that passes. */
async function moveOver(from: string, to: string, clock: Pick<Clock, 'sleep'>): Promise<void> {
  for (let pauseMs = 5; ; pauseMs *= 2) {
    try {
      return await rename(from, to);
    } catch (error) {
      if (isPosix || pauseMs > longestPauseMs || !passing.has(errnoOf(error) ?? '')) throw error;
      await clock.sleep(pauseMs);
    }
  }
}

const longestPauseMs = 500;
/** ERROR_ACCESS_DENIED and ERROR_SHARING_VIOLATION, as Node has them. */
const passing = new Set(['EPERM', 'EACCES', 'EBUSY']);
