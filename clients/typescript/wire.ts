import type { Readable, Writable } from 'node:stream';
import { cancelledUnsent, SidecarError, timedOut } from './errors.ts';
import { bodyBytesOf, createFrameReader, frame } from './framing.ts';
import { createLanes } from './lanes.ts';

/** JSON-RPC over one connection: requests out, answers, notifications and the sidecar's own requests in. */
export interface Wire {
  /** Nothing is answered any more. */
  readonly hasFailed: boolean;
  /** `onAnswer` runs before anything that follows the answer is read. */
  request(method: string, params: object, options?: RequestOptions): Promise<unknown>;
  notify(method: string, params: object): void;
  /** From here on requests are held back as the sidecar's limits want it, and one that is too large for it is refused here. */
  setLimits(limits: Limits): void;
  /** Nothing is answered any more: what is pending rejects with this, and whatever is asked later. */
  fail(error: SidecarError): void;
}

export interface Limits {
  requestsInFlight: number;
  waitsInFlight: number;
  bodyBytes: number;
}

export interface RequestOptions {
  signal?: AbortSignal | undefined;
  timeoutMs?: number | undefined;
  onAnswer?: OnAnswer | undefined;
}

/** `isWanted` is false when the caller has given up: it was told TimedOut. */
export type OnAnswer = (result: unknown, isWanted: boolean) => void;

export interface WireOptions {
  input: Writable;
  output: Readable;
  onNotification(method: string, params: unknown): void;
  /** Its result or what it throws is the answer; the signal says that the sidecar waits no longer. */
  onRequest(method: string, params: unknown, signal: AbortSignal): Promise<unknown>;
  /** The bytes are no protocol: nothing that follows can be trusted. */
  onBroken(sentence: string): void;
}

interface Pending {
  method: string;
  settle(message: Message): void;
  fail(error: SidecarError): void;
}

type Message = {
  id?: number | string | null;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { code: number; message: string; data?: { kind?: string } };
};

export function createWire({ input, output, onNotification, onRequest, onBroken }: WireOptions): Wire {
  /** Sent and not answered, by id; the ones whose caller waits no longer as well, because the sidecar still counts them. */
  const pending = new Map<number, Pending>();
  const asked = new Map<number | string, AbortController>();
  const lanes = createLanes();
  let lastId = 0;
  let longestBody = Number.POSITIVE_INFINITY;
  let failure: SidecarError | null = null;

  const read = createFrameReader((message) => {
    if (typeof message !== 'object' || message === null)
      throw new Error(`The sidecar wrote ${JSON.stringify(message)}, which is no message.`);
    receive(message);
  });
  output.on('data', (chunk: Buffer) => {
    if (failure !== null) return;
    try {
      read(chunk);
    } catch (error) {
      onBroken(error instanceof Error ? error.message : String(error));
    }
  });

  return {
    get hasFailed() {
      return failure !== null;
    },
    notify: (method, params) => send({ jsonrpc: '2.0', method, params }),
    setLimits(limits) {
      longestBody = limits.bodyBytes;
      lanes.setLimits(limits);
    },
    request,

    fail(error) {
      failure ??= error;
      for (const one of [...pending.values()]) one.fail(failure);
      pending.clear();
      for (const handling of asked.values()) handling.abort(failure);
      asked.clear();
    },
  };

  function request(method: string, params: object, { signal, timeoutMs, onAnswer }: RequestOptions = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (failure !== null) return reject(failure);
      if (signal?.aborted) return reject(cancelledUnsent(method));
      lastId += 1;
      const id = lastId;
      // Made here, where what is no JSON or too long concerns nobody else: the sidecar could not say whose it was.
      const bytes = toFrame(method, { jsonrpc: '2.0', id, method, params }, longestBody);
      let isSent = false;
      let isWanted = true;
      const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
      signal?.addEventListener('abort', cancel, { once: true });

      pending.set(id, {
        method,
        settle({ result, error }) {
          over();
          if (error !== undefined) return reject(answered(error));
          onAnswer?.(result, isWanted);
          resolve(result);
        },
        fail(error) {
          over();
          reject(error);
        },
      });
      const takeBack = lanes.enter(method, () => {
        isSent = true;
        write(bytes);
      });

      function cancel(): void {
        if (isSent) return send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } });
        drop();
        reject(cancelledUnsent(method));
      }

      function giveUp(): void {
        isWanted = false;
        if (isSent) send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } });
        else drop();
        over();
        reject(timedOut(method, timeoutMs as number));
      }

      function drop(): void {
        takeBack();
        pending.delete(id);
        over();
      }

      function over(): void {
        clearTimeout(timer);
        signal?.removeEventListener('abort', cancel);
      }
    });
  }

  function send(message: object): void {
    write(frame(message));
  }

  function write(bytes: Buffer): void {
    if (failure === null && input.writable) input.write(bytes);
  }

  function receive({ id, method, params, result, error }: Message): void {
    if (method === undefined) return settle(id as number, { result, error } as Message);
    if (id !== undefined && id !== null) return void answer(id, method, params);
    if (method === '$/cancelRequest') return asked.get((params as { id: number | string }).id)?.abort();
    onNotification(method, params);
  }

  function settle(id: number, message: Message): void {
    const one = pending.get(id);
    if (one === undefined) return;
    pending.delete(id);
    one.settle(message);
    lanes.leave(one.method);
  }

  async function answer(id: number | string, method: string, params: unknown): Promise<void> {
    const handling = new AbortController();
    asked.set(id, handling);
    try {
      const result = await onRequest(method, params, handling.signal);
      write(toFrame(`the answer to ${method}`, { jsonrpc: '2.0', id, result: result ?? null }, longestBody));
    } catch (error) {
      send({ jsonrpc: '2.0', id, error: refusal(error) });
    } finally {
      asked.delete(id);
    }
  }
}

function toFrame(about: string, message: object, longestBody: number): Buffer {
  let bytes: Buffer;
  try {
    bytes = frame(message);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new SidecarError('InvalidParams', `What is to be sent of ${about} is no JSON: ${why}`, {
      data: { kind: 'InvalidParams', issues: [{ path: '', message: why }] },
      cause: error,
    });
  }
  if (bodyBytesOf(bytes) <= longestBody) return bytes;
  throw new SidecarError(
    'LimitExceeded',
    `What is to be sent of ${about} is longer than ${longestBody} bytes, which is all that the sidecar takes.`,
    {
      data: { kind: 'LimitExceeded', limit: 'bodyBytes', max: longestBody },
    },
  );
}

function answered({ code, message, data }: NonNullable<Message['error']>): SidecarError {
  return new SidecarError(data?.kind ?? 'InternalError', message, { code, ...(data !== undefined && { data }) });
}

function refusal(error: unknown): object {
  const message = error instanceof Error ? error.message : String(error);
  const isKnown = error instanceof SidecarError && error.code !== null;
  return isKnown
    ? { code: error.code, message, data: { ...error.data, kind: error.kind } }
    : { code: -32603, message, data: { kind: 'InternalError' } };
}
