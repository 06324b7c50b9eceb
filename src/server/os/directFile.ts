import { type FileHandle, open } from 'node:fs/promises';
import { endsInNewline, shift } from './rotatingFile.ts';

/** A file that a program writes to by itself, with nobody in between: each write goes to its end (O_APPEND). */
export interface DirectFile {
  readonly handle: FileHandle;
  /** How long it is before the program writes to it. */
  readonly size: number;
}

export interface DirectFileOrder {
  path: string;
  /** A file of this size is set aside first. */
  maxBytes: number;
  /** How many of those are kept. */
  keep: number;
}

/** Rotates as rotatingFile.ts does, but only here: nobody can take the file away from whoever writes to it. Rejects with an errno. */
export async function openDirectFile({ path, maxBytes, keep }: DirectFileOrder): Promise<DirectFile> {
  const found = await openFile(path);
  if (!found.isRegular || found.size < maxBytes) return found;
  await found.handle.close();
  await shift(path, keep);
  return openFile(path);
}

async function openFile(path: string): Promise<DirectFile & { isRegular: boolean }> {
  const handle = await open(path, 'a+', 0o600);
  try {
    const found = await handle.stat();
    const isRegular = found.isFile();
    // Whoever wrote before was cut off.
    const isCut = isRegular && found.size > 0 && !(await endsInNewline({ handle, size: found.size }));
    if (isCut) await handle.write('\n', null);
    return { handle, isRegular, size: isRegular ? found.size + (isCut ? 1 : 0) : 0 };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
