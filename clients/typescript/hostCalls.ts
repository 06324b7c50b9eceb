import { unknownHostCall } from './errors.ts';
import type { HostCalls } from './generated/methods.ts';
import type { Keeper } from './keeper.ts';
import { originalId } from './remembered.ts';

/** Why a handler runs, and how long its end is waited for; the signal is aborted when it is waited for no more. */
export interface Shutdown {
  reason: string;
  remainingMs: number;
  signal: AbortSignal;
}

export interface ShutdownHandlerOptions {
  /** Handlers of the same order run side by side, lower orders first; 0. */
  order?: number | undefined;
  /** 5 s. */
  timeoutMs?: number | undefined;
  /** Its failure makes the shutdown fail: exit code 3. */
  critical?: boolean | undefined;
}

/** A handler that was added, until `remove()` or the end of its `await using` block. */
export interface Registration extends AsyncDisposable {
  /** Resolves when the sidecar knows it; rejects with what it answered. */
  readonly ready: Promise<void>;
  remove(): Promise<void>;
}

export type SecondInstance = HostCalls['host/secondInstance']['params'];

/** Its answer travels back to the other instance. */
export type SecondInstanceHandler = (second: SecondInstance) => SecondInstanceAnswer | Promise<SecondInstanceAnswer>;
type SecondInstanceAnswer = HostCalls['host/secondInstance']['result'];

/** What the sidecar may ask of us, and who answers. */
export function createHostCalls() {
  /** By the id that the host was told. */
  const handlers = new Map<string, (shutdown: Shutdown) => unknown>();
  let secondInstance: SecondInstanceHandler | null = null;

  return {
    onSecondInstance(handler: SecondInstanceHandler): void {
      secondInstance = handler;
    },

    onShutdown(keeper: Keeper, name: string, handler: (shutdown: Shutdown) => unknown, options: ShutdownHandlerOptions): Registration {
      let id: string | undefined;
      const add = (result: unknown) => {
        id = (result as { handlerId: string }).handlerId;
        handlers.set(id, handler);
      };
      const ready = keeper.request('shutdown/addHandler', { name, ...options }, { onAnswer: add }).then(() => {});
      const remove = async () => {
        await ready.catch(() => {});
        if (id === undefined || !handlers.delete(id)) return;
        await keeper.request('shutdown/removeHandler', { handlerId: id });
      };
      return { ready, remove, [Symbol.asyncDispose]: remove };
    },

    /** Its result, or what it throws, is the answer. */
    async answer(keeper: Keeper | undefined, method: string, params: unknown, signal: AbortSignal): Promise<unknown> {
      if (method === 'host/secondInstance') {
        if (secondInstance === null) return { handled: false };
        const second = params as SecondInstance;
        const lockId = keeper === undefined ? second.lockId : originalId(keeper.remembered, 'instance/acquire', second.lockId);
        return secondInstance({ ...second, lockId });
      }
      if (method !== 'host/runShutdownHandler') throw unknownHostCall(method);
      const { handlerId, name, reason, remainingMs } = params as HostCalls['host/runShutdownHandler']['params'];
      const handler = handlers.get(keeper === undefined ? handlerId : originalId(keeper.remembered, 'shutdown/addHandler', handlerId));
      if (handler === undefined) throw new Error(`No handler ${name} is here any more.`);
      await handler({ reason, remainingMs, signal });
      return null;
    },
  };
}
