import { readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { loadLibraries } from '../../src/native/win32/libraries.ts';
import { replaceFile } from '../../src/server/os/replaceFile.ts';
import { makeDirectory } from '../harness/directory.ts';

/* Files of Windows, which cannot be replaced while somebody has them open. */

test('a file that somebody reads just now is replaced a moment later', async () => {
  await using directory = await makeDirectory();
  const path = directory.at('a.json');
  await writeFile(path, 'old');
  let pauses = 0;
  const close = openAlone(path);
  const clock = {
    async sleep(ms: number) {
      pauses += 1;
      if (pauses === 3) close();
      await systemClock.sleep(ms);
    },
  };
  await replaceFile(path, 'new', clock);
  expect(await readFile(path, 'utf8')).toBe('new');
  expect(pauses).toBeGreaterThanOrEqual(3);
});

test('one that stays open is not waited for for ever, and nothing is left beside it', async () => {
  await using directory = await makeDirectory();
  const path = directory.at('a.json');
  await writeFile(path, 'old');
  const close = openAlone(path);
  try {
    await expect(replaceFile(path, 'new', { sleep: async () => {} })).rejects.toMatchObject({
      code: expect.stringMatching(/EPERM|EACCES|EBUSY/),
    });
  } finally {
    close();
  }
  expect(await readFile(path, 'utf8')).toBe('old');
});

/** Opens it for reading, without sharing that with whoever would delete it; the answer closes it. */
function openAlone(path: string): () => void {
  const libraries = loadLibraries();
  if (libraries === null) throw new Error('this test needs koffi');
  const { kernel32 } = libraries;
  const createFile = kernel32.func(
    'intptr_t __stdcall CreateFileW(str16 path, uint32 access, uint32 share, void *security, uint32 how, uint32 flags, intptr_t model)',
  );
  const closeHandle = kernel32.func('bool __stdcall CloseHandle(intptr_t handle)');
  const [GENERIC_READ, FILE_SHARE_READ, OPEN_EXISTING] = [0x8000_0000, 1, 3];
  const handle = createFile(path, GENERIC_READ, FILE_SHARE_READ, null, OPEN_EXISTING, 0, 0);
  if (Number(handle) === -1) throw new Error('it could not be opened');
  return () => closeHandle(handle);
}
