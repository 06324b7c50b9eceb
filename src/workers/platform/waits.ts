import { fail } from '../../protocol/errors.ts';
import type { WaitAnswer } from './types.ts';

/** What is waited for: each ends by its own answer, by its signal, or with all others when the waiter closes. */
export interface Waits {
  /** Throws the signal’s reason, and ShuttingDown once it is closed. */
  assertOpen(signal: AbortSignal): void;
  /** `begin` is given what settles the wait, and gives what forgets it. */
  wait(signal: AbortSignal, begin: (settle: (kind: WaitAnswer['kind']) => void) => () => void): Promise<WaitAnswer>;
  close(): void;
}

export function createWaits(): Waits {
  const waits = new Set<PromiseWithResolvers<WaitAnswer>>();
  let isClosed = false;

  return {
    assertOpen(signal) {
      signal.throwIfAborted();
      if (isClosed) throw closed();
    },

    async wait(signal, begin) {
      const wait = Promise.withResolvers<WaitAnswer>();
      const onAbort = (): void => wait.reject(signal.reason);
      const forget = begin((kind) => wait.resolve({ kind }));
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

    close() {
      isClosed = true;
      for (const { reject } of waits) reject(closed());
    },
  };
}

function closed() {
  return fail('ShuttingDown', 'The sidecar is shutting down and waits for nothing any more.', {});
}
