import type { Clock } from '../../../clock.ts';
import { fail } from '../../../protocol/errors.ts';
import type { WaitAnswer, Waiter } from '../types.ts';
import { createExitPoll, type ExitPoll } from './exitPoll.ts';
import { openExitTarget } from './exitTarget.ts';

/** Waits by handles on processes; without native calls it answers Unsupported. */
export function createWin32Waiter({ native, clock }: { native: boolean; clock: Clock }): Waiter {
  const waits = new Set<PromiseWithResolvers<WaitAnswer>>();
  let poll: ExitPoll | null = null;
  let isClosed = false;

  return {
    async waitForExit(ref, signal) {
      signal.throwIfAborted();
      if (isClosed) throw closed();
      if (native) poll ??= createExitPoll(clock);
      if (poll === null) throw withoutNative();
      const target = openExitTarget(ref);
      if ('answer' in target) return { kind: target.answer };

      const wait = Promise.withResolvers<WaitAnswer>();
      const onAbort = (): void => wait.reject(signal.reason);
      const forget = poll.add(target.handle, () => wait.resolve({ kind: 'exited' }));
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

function withoutNative() {
  return fail('Unsupported', 'Waiting for a process needs native calls on Windows, which this sidecar has none of here; install koffi.', {
    capability: 'waitForExit',
    platform: 'win32',
  });
}
