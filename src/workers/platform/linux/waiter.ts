import type { Clock } from '../../../clock.ts';
import { loadPidfds } from '../../../native/linux/pidfd.ts';
import { fail } from '../../../protocol/errors.ts';
import type { WaitAnswer, Waiter } from '../types.ts';
import { createExitLooks } from './exitLooks.ts';
import { createExitPoll, type ExitPoll } from './exitPoll.ts';
import { openExitTarget } from './exitTarget.ts';

/** Waits by pidfds where those work, and by looking at /proc from time to time where they do not. */
export function createLinuxWaiter({ native, clock }: { native: boolean; clock: Clock }): Waiter {
  const looks = createExitLooks(clock);
  const waits = new Set<PromiseWithResolvers<WaitAnswer>>();
  let poll: ExitPoll | null = null;
  let isClosed = false;

  return {
    async waitForExit(ref, signal) {
      signal.throwIfAborted();
      if (isClosed) throw closed();
      if (native) poll ??= createExitPoll(clock);
      const target = openExitTarget(ref, poll === null ? null : loadPidfds());
      if ('answer' in target) return { kind: target.answer };

      const wait = Promise.withResolvers<WaitAnswer>();
      const settle = (kind: WaitAnswer['kind']): void => wait.resolve({ kind });
      const onAbort = (): void => wait.reject(signal.reason);
      const forget =
        'statFile' in target ? looks.add(target.statFile, settle) : (poll as ExitPoll).add(target.pidfd, () => settle('exited'));
      waits.add(wait);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await wait.promise;
      } finally {
        signal.removeEventListener('abort', onAbort);
        waits.delete(wait);
        forget();
      }
    },

    async close() {
      isClosed = true;
      for (const { reject } of waits) reject(closed());
      await poll?.close();
    },
  };
}

function closed() {
  return fail('ShuttingDown', 'The sidecar is shutting down and waits for nothing any more.', {});
}
