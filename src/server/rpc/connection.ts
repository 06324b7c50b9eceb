import {
  createMessageConnection,
  type DataCallback,
  Emitter,
  type Message,
  type MessageReader,
  type MessageWriter,
} from 'vscode-jsonrpc/node';
import type { Log } from '../../log.ts';
import type { Call } from './calls.ts';

/*
 * vscode-jsonrpc between our reader and our writer. It correlates answers with requests in both directions; what
 * it does not do (limits, type-exact ids, cancelling what just arrived, answering everything exactly once) is
 * done before a message gets here. A request travels through it as { id: privateId, params: Call }.
 */

export interface RpcOptions {
  log: Log;
  /** Runs one call; rejects with a ResponseError only. */
  handle(call: Call): Promise<unknown>;
  notified(method: string, params: unknown): void;
  answer(privateId: number, outcome: { result: unknown } | { error: unknown }): void;
}

type Inbound = Message & { method?: string; params?: unknown; id?: number | string | null };

export interface Rpc {
  deliver(message: Inbound): void;
  dispose(): void;
}

export function connectRpc({ log, handle, notified, answer }: RpcOptions): Rpc {
  const never = new Emitter<never>().event;
  let deliver: DataCallback = () => {};
  const reader: MessageReader = {
    onError: never,
    onClose: never,
    onPartialMessage: never,
    listen(callback) {
      deliver = callback;
      return { dispose() {} };
    },
    dispose() {},
  };
  const writer: MessageWriter = {
    onError: never,
    onClose: never,
    async write(message) {
      const { id, result, error } = message as { id?: number; result?: unknown; error?: unknown };
      if (id !== undefined) answer(id, error === undefined ? { result } : { error });
    },
    end() {},
    dispose() {},
  };
  const connection = createMessageConnection(reader, writer, {
    error: (message) => log.error({ message }, 'vscode-jsonrpc'),
    warn: (message) => log.warn({ message }, 'vscode-jsonrpc'),
    info: (message) => log.debug({ message }, 'vscode-jsonrpc'),
    log: (message) => log.debug({ message }, 'vscode-jsonrpc'),
  });
  connection.onRequest((_method: string, call: object | unknown[] | undefined) => handle(call as Call));
  connection.onNotification((method: string, params: object | unknown[] | undefined) => notified(method, params));
  connection.listen();
  return { deliver: (message) => deliver(message), dispose: () => connection.dispose() };
}
