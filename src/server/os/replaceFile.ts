import { open, rename, unlink } from 'node:fs/promises';

/**
 * Puts the text in the file’s place, 0600, whole or not at all: whoever reads meanwhile, or after a crash or a power
 * failure, finds the old text or the new one. The name beside it is ours alone only under a lock, or in this process.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
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
    await rename(beside, path);
  } catch (error) {
    await unlink(beside).catch(() => {});
    throw error;
  }
}
