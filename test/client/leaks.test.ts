import { getEventListeners } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { Sidecar } from '../../clients/typescript/index.ts';
import { onLinux } from '../harness/only.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

onLinux(test)(
  'a host that makes 10,000 calls keeps nothing of them',
  async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'sidewarden-leaks-'));
    await using sidecar = await Sidecar.spawn({ appId: 'leaks.test', options: { stateDir } });
    const { signal } = new AbortController();
    const callMany = async (count: number) => {
      for (let done = 0; done < count; done += 500) {
        await Promise.all(
          Array.from({ length: 500 }, async (_, index) => {
            // One in five is refused.
            const port = index % 5 === 0 ? 0 : 1_000 + index;
            await sidecar.port.check({ port }, { signal, timeoutMs: 60_000, onProgress() {} }).catch(() => {});
          }),
        );
      }
      collectGarbage();
      return { heap: process.memoryUsage().heapUsed, resources: process.getActiveResourcesInfo().length };
    };
    const warm = await callMany(2_000);
    const after = await callMany(10_000);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    // No timer of a time-out is left; vitest's own come and go.
    expect(after.resources - warm.resources).toBeLessThan(10);
    // 100 bytes kept of each call would be 1 MB.
    expect(after.heap - warm.heap).toBeLessThan(1_000_000);
    rmSync(stateDir, { recursive: true, force: true });
  },
  120_000,
);
