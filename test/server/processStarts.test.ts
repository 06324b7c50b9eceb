import { describe, expect, test } from 'vitest';
import { createProcessStarts } from '../../src/server/composition/processStarts.ts';
import { createPlatform } from '../../src/workers/platform/index.ts';
import { isLinux } from '../harness/needs.ts';
import { only } from '../harness/only.ts';
import { start } from '../workers/processScenes.ts';

/* How the start of a process is read beside the pool: on Linux from /proc, elsewhere as the platform tells it. */

const platform = createPlatform(process.platform, { native: false });

describe.each([
  ['from /proc', createProcessStarts('linux', platform.processes), isLinux],
  ['as the platform tells it', createProcessStarts('darwin', platform.processes), process.platform !== 'win32'],
])('%s', (_, { readStart, readTicks }, isHere) => {
  only(isHere, 'needs the system that is asked so')(test)(
    'of one that lives it is the same whenever it is asked for, and of another it is another',
    async () => {
      const own = await readStart(process.pid);
      expect(own).toMatchObject({ ppid: process.ppid });
      expect(await readStart(process.pid)).toEqual(own);
      expect(await readTicks(process.pid)).toEqual(await readTicks(process.pid));
      expect(await readStart(1)).not.toMatchObject({ start: (own as { start: number }).start });
    },
  );

  only(isHere, 'needs the system that is asked so')(test)('one that is gone is gone', async () => {
    const { pid, kill } = await start('sleep', ['600']);
    expect(await readStart(pid)).toMatchObject({ ppid: process.pid });
    await kill();
    expect(await readStart(pid)).toBe('gone');
    expect(await readTicks(pid)).toBeNull();
  });
});

test('what cannot be read proves nothing', async () => {
  const refuse = async (): Promise<never> => {
    throw new Error('ps did not answer');
  };
  const { readStart, readTicks } = createProcessStarts('darwin', { glimpse: refuse });
  expect([await readStart(process.pid), await readTicks(process.pid)]).toEqual([null, null]);
});
