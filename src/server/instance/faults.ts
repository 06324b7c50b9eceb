import { fail } from '../../protocol/errors.ts';
import { errnoOf } from '../os/program.ts';
import type { LockPlace } from './places.ts';

/** Does what concerns the file of a lock, and says what the system has against it as a sentence with a kind. */
export async function withFaults<Value>({ path }: Pick<LockPlace, 'path'>, act: () => Promise<Value>): Promise<Value> {
  try {
    return await act();
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    if (mayNot.has(errno)) {
      const sentence = `The system does not let this user make or open the lock ${path} (${errno}); look at the permissions on the way to it.`;
      throw fail('PermissionDenied', sentence, { operation: 'lock' }, { cause: error });
    }
    const why = others[errno] ?? `the system says ${errno}`;
    throw fail('Conflict', `The lock ${path} cannot be used: ${why}.`, {}, { cause: error });
  }
}

const mayNot = new Set(['EACCES', 'EPERM', 'EROFS']);

const others: Record<string, string> = {
  ELOOP: 'a link is in its place; remove that',
  EISDIR: 'a directory is in its place; remove that',
  ENXIO: 'something that is no file is in its place; remove that',
  ENOTDIR: 'something on the way to it is no directory',
  ENOSPC: 'the disk is full',
  EMFILE: 'this sidecar has too many files open',
  ENAMETOOLONG: 'its path is too long for the file system',
};
