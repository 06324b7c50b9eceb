import { type Clock, systemClock } from '../clock.ts';
import { fail } from '../protocol/errors.ts';
import { createDarwinWaiter } from './platform/darwin/waiter.ts';
import { createLinuxWaiter } from './platform/linux/waiter.ts';
import type { SupportedPlatform, WaitAnswer, Waiter } from './platform/types.ts';
import { createWin32Waiter } from './platform/win32/waiter.ts';

/*
 * The one place that waits for processes to end. It belongs to the event loop’s thread and never blocks it: all handles
 * are polled together by one call in a libuv thread, which is there anyway and costs nothing more, where a worker would
 * cost 8 to 11 MB. While nobody waits, nothing runs: no call, no timer. While somebody does, Node cannot exit before that
 * call returns, which `close` brings about at once, and which takes 5 s at most without it.
 */
export type { WaitAnswer, Waiter };

export interface WaiterOptions {
  platform: NodeJS.Platform;
  /** Without native calls the processes are looked at every 50 to 250 ms. */
  native: boolean;
  clock?: Clock;
}

export function createWaiter({ platform, native, clock = systemClock }: WaiterOptions): Waiter {
  const create = factories[platform as SupportedPlatform] ?? (() => createUnsupportedWaiter(platform));
  return create({ native, clock });
}

const factories: Record<SupportedPlatform, (options: { native: boolean; clock: Clock }) => Waiter> = {
  linux: createLinuxWaiter,
  darwin: createDarwinWaiter,
  win32: createWin32Waiter,
};

function createUnsupportedWaiter(platform: string): Waiter {
  return {
    async waitForExit() {
      throw fail('Unsupported', `sidewarden cannot wait for processes on ${platform}; it can on Linux, macOS and Windows.`, {
        capability: 'waitForExit',
        platform,
      });
    },
    async close() {},
  };
}
