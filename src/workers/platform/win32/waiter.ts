import type { Clock } from '../../../clock.ts';
import { fail } from '../../../protocol/errors.ts';
import type { Waiter } from '../types.ts';
import { createWaits } from '../waits.ts';
import { createExitPoll, type ExitPoll } from './exitPoll.ts';
import { openExitTarget } from './exitTarget.ts';

/** Waits by handles on processes; without native calls it answers Unsupported. */
export function createWin32Waiter({ native, clock }: { native: boolean; clock: Clock }): Waiter {
  const waits = createWaits();
  let poll: ExitPoll | null = null;

  return {
    async waitForExit(ref, signal) {
      waits.assertOpen(signal);
      if (native) poll ??= createExitPoll(clock);
      if (poll === null) throw withoutNative();
      const { add } = poll;
      const target = openExitTarget(ref);
      if ('answer' in target) return { kind: target.answer };
      return waits.wait(signal, (settle) => add(target.handle, () => settle('exited')));
    },

    async close() {
      waits.close();
      await poll?.close();
    },
  };
}

function withoutNative() {
  return fail('Unsupported', 'Waiting for a process needs native calls on Windows, which this sidecar has none of here; install koffi.', {
    capability: 'waitForExit',
    platform: 'win32',
  });
}
