import { lstat, mkdir } from 'node:fs/promises';

/**
 * What keeps a directory from being this user’s alone (a real one, its own, 0700), as the end of a sentence that begins with
 * its path; null when nothing does. Throws ENOENT where there is none.
 */
export async function findFault(directory: string): Promise<string | null> {
  const own = process.getuid?.();
  const found = await lstat(directory);
  if (found.isSymbolicLink()) return 'is a link; put a directory in its place';
  if (!found.isDirectory()) return 'is no directory; remove it';
  if (own !== undefined && found.uid !== own) return `belongs to the user ${found.uid}; it has to be removed`;
  if ((found.mode & 0o077) !== 0) return `is open to others; run: chmod 700 ${directory}`;
  return null;
}

/** The same, for a directory that is made, 0700, where there is none. Throws an errno of the system where it cannot be. */
export async function makeOwnDirectory(directory: string): Promise<string | null> {
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  return findFault(directory);
}
