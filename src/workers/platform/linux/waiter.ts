import type { Clock } from '../../../clock.ts';
import { loadPidfds } from '../../../native/linux/pidfd.ts';
import type { Waiter } from '../types.ts';
import { createWaits } from '../waits.ts';
import { createExitLooks } from './exitLooks.ts';
import { createExitPoll, type ExitPoll } from './exitPoll.ts';
import { openExitTarget } from './exitTarget.ts';

/** Waits by pidfds where those work, and by looking at /proc from time to time where they do not. */
export function createLinuxWaiter({ native, clock }: { native: boolean; clock: Clock }): Waiter {
  const looks = createExitLooks(clock);
  const waits = createWaits();
  let poll: ExitPoll | null = null;

  return {
    async waitForExit(ref, signal) {
      waits.assertOpen(signal);
      if (native) poll ??= createExitPoll(clock);
      const target = openExitTarget(ref, poll === null ? null : loadPidfds());
      if ('answer' in target) return { kind: target.answer };
      return waits.wait(signal, (settle) =>
        'statFile' in target ? looks.add(target.statFile, settle) : (poll as ExitPoll).add(target.pidfd, () => settle('exited')),
      );
    },

    async close() {
      waits.close();
      await poll?.close();
    },
  };
}
