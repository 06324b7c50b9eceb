import { lstat } from 'node:fs/promises';

/** Which file it is. */
export interface FileKey {
  path: string;
  dev: bigint;
  ino: bigint;
}

/** Which file is at a path. Null where there is none; what cannot be looked at is thrown, for it may well be there. */
export async function lookAt(path: string): Promise<FileKey | null> {
  try {
    return keyOf(path, await lstat(path, { bigint: true }));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

export const keyOf = (path: string, { dev, ino }: { dev: bigint; ino: bigint }): FileKey => ({ path, dev, ino });
