import type { Clock } from '../../../clock.ts';
import type { Waiter } from '../types.ts';
import { createWaits } from '../waits.ts';
import { createExitLooks } from './exitLooks.ts';
import { openExitTarget } from './exitTarget.ts';
import { openProcessList } from './processList.ts';
import { systemTools, type Tools } from './tools.ts';

/**
 * Waits by looking from time to time. A kqueue would tell at once (EVFILT_PROC), but it names a process by its pid alone, so it would
 * have to be looked at anyway.
 */
export function createDarwinWaiter({ native, clock, tools = systemTools }: { native: boolean; clock: Clock; tools?: Tools }): Waiter {
  const list = openProcessList({ native, tools });
  const looks = createExitLooks(list, clock);
  const waits = createWaits();

  return {
    async waitForExit(ref, signal) {
      waits.assertOpen(signal);
      const target = await openExitTarget(ref, list);
      if ('answer' in target) return { kind: target.answer };
      waits.assertOpen(signal);
      return waits.wait(signal, (settle) => looks.add(target, () => settle('exited')));
    },

    async close() {
      waits.close();
      await looks.close();
    },
  };
}
