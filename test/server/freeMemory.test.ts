import { expect, test } from 'vitest';
import { loadTrimMemory } from '../../src/native/linux/trimMemory.ts';
import { only } from '../harness/only.ts';
import { program, sourceDirectory, start } from '../workers/processScenes.ts';

only(loadTrimMemory() !== null, 'needs malloc_trim(3), through koffi')(test)(
  'what malloc keeps free between pieces in use goes back to the system',
  async () => {
    const { line } = await start(process.execPath, ['--expose-gc', program('trimMemory.mjs'), sourceDirectory]);
    const [before = 0, after = 0, inUse] = (await line()).split(' ').map(Number);
    expect(inUse).toBe(80);
    expect(before - after).toBeGreaterThan(20_000);
  },
);
