import type { Methods } from './generated/methods.ts';
import type { Keeper } from './keeper.ts';
import { onRemade, originalId } from './remembered.ts';

/** What a subscription is about beside its topic. */
export interface SubscribeOptions {
  filter?: Methods['events/subscribe']['params']['filter'];
  /** Between two samples, of the topics `port` and `process`. */
  intervalMs?: number | undefined;
  /** How things stand: at the beginning, and again after each restart of the sidecar. */
  onSnapshot?: ((snapshot: Methods['events/subscribe']['result']['snapshot']) => void) | undefined;
}

/** A listener that was added, until `end()` or the end of its `await using` block. */
export interface Subscription extends AsyncDisposable {
  /** Resolves when the sidecar has agreed to it; rejects with what it answered. */
  readonly ready: Promise<void>;
  end(): Promise<void>;
}

/** One `events/subscribe` for each listener, so that each gets just what it asked for, in order. */
export function createSubscriptions() {
  /** By the id that the first answer told. */
  const subscribers = new Map<string, (event: never) => void>();

  return {
    subscribe(keeper: Keeper, topic: string, listener: (event: never) => void, options: SubscribeOptions): Subscription {
      const { filter, intervalMs } = options;
      let id: string | undefined;
      const ready = keeper.request('events/subscribe', { topics: [topic], filter, intervalMs }, { onAnswer: begin }).then(() => {});

      return { ready, end, [Symbol.asyncDispose]: end };

      function begin(result: unknown): void {
        const told = result as Methods['events/subscribe']['result'];
        id = told.subscriptionId;
        subscribers.set(id, listener);
        const snapshot = (answer: object) => tell(() => options.onSnapshot?.((answer as typeof told).snapshot));
        snapshot(told);
        onRemade(keeper.remembered, 'events/subscribe', id, snapshot);
      }

      async function end(): Promise<void> {
        await ready.catch(() => {});
        if (id === undefined || !subscribers.delete(id)) return;
        await keeper.request('events/unsubscribe', { subscriptionId: id }).catch(() => {});
      }
    },

    /** An event of the sidecar of today; gives it to its one listener, with the id that this was told. */
    deliver(keeper: Keeper, params: { subscriptionId: string; lockId?: string }): void {
      const subscriptionId = originalId(keeper.remembered, 'events/subscribe', params.subscriptionId);
      const listener = subscribers.get(subscriptionId);
      const lock = params.lockId === undefined ? {} : { lockId: originalId(keeper.remembered, 'instance/acquire', params.lockId) };
      if (listener !== undefined) tell(() => listener({ ...params, subscriptionId, ...lock } as never));
    },
  };
}

/** Outside the reader, so that a listener that throws is its owner's fault and not a broken connection. */
export const tell = (listener: () => void) => queueMicrotask(listener);
