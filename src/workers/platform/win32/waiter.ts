import type { Clock } from '../../../clock.ts';
import type { ProcessRef } from '../../../protocol/types/process.ts';
import type { WaitAnswer, Waiter } from '../types.ts';
import { createWaits } from '../waits.ts';
import { createExitLooks, type ExitLooks } from './exitLooks.ts';
import { createExitPoll, type ExitPoll } from './exitPoll.ts';
import { findExitTarget, openExitTarget } from './exitTarget.ts';
import { openProcessList, type ProcessList } from './processList.ts';
import { systemTools, type Tools } from './tools.ts';

/** Waits by handles on processes; without native calls by looking from time to time. */
export function createWin32Waiter({ native, clock, tools }: { native: boolean; clock: Clock; tools?: Tools }): Waiter {
  const waits = createWaits();
  let poll: ExitPoll | null = null;
  let looking: { list: ProcessList; looks: ExitLooks } | null = null;

  return {
    async waitForExit(ref, signal) {
      waits.assertOpen(signal);
      if (native) poll ??= createExitPoll(clock);
      if (poll === null) return waitByLooks(ref, signal);
      const { add } = poll;
      const target = openExitTarget(ref);
      if ('answer' in target) return { kind: target.answer };
      return waits.wait(signal, (settle) => add(target.handle, () => settle('exited')));
    },

    async close() {
      waits.close();
      await Promise.all([poll?.close(), looking?.looks.close()]);
    },
  };

  async function waitByLooks(ref: ProcessRef, signal: AbortSignal): Promise<WaitAnswer> {
    looking ??= openLooks();
    const { list, looks } = looking;
    const target = await findExitTarget(ref, list);
    if ('answer' in target) return { kind: target.answer };
    waits.assertOpen(signal);
    return waits.wait(signal, (settle) => looks.add(target, () => settle('exited')));
  }

  function openLooks() {
    const list = openProcessList({ native: false, tools: tools ?? systemTools() });
    return { list, looks: createExitLooks(list, clock) };
  }
}
