import { expect, test } from 'vitest';
import { program, sourceDirectory, start } from '../workers/processScenes.ts';

const megabyte = 1024 * 1024;

test.each([
  // It begins with twice 1 MiB, and each step doubles it; while a collection is under way there may be a few pages more.
  ['small', (bytes: number) => bytes < 4 * megabyte],
  // Else the first case would show nothing.
  ['grown', (bytes: number) => bytes >= 8 * megabyte],
] as const)('after many new objects, the space that V8 keeps for them is %s', async (size, isAsSaid) => {
  const { line } = await start(process.execPath, [program('growHeap.mjs'), sourceDirectory, size]);
  const bytes = Number(await line());
  expect(isAsSaid(bytes), `${bytes} bytes`).toBe(true);
});
