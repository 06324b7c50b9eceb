import { type ChildProcess, spawn } from 'node:child_process';
import type { ErrorKind } from '../../src/protocol/errors.ts';
import type { MethodName, NotificationParams, Params, Result, ServerNotificationName } from '../../src/protocol/methods/index.ts';
import { SidecarError, SidecarLost } from './errors.ts';
import { createFrameReader, frame } from './framing.ts';

export interface SidecarOptions {
  command: string;
  args: string[];
  /** Names the application; see `initialize`. */
  appId: string;
  clientInfo: Params<'initialize'>['clientInfo'];
  /** Of `initialize`: an ownerTag, where to keep state. */
  options?: Params<'initialize'>['options'];
  /** The default is our own environment. */
  env?: NodeJS.ProcessEnv;
  /** For the answer to `initialize`; 10 s. */
  startTimeoutMs?: number;
  /** For an orderly end, after which the sidecar is killed; 10 s. */
  endTimeoutMs?: number;
}

/** A sidecar of our own, over its stdin and stdout. */
export interface SidecarConnection extends AsyncDisposable {
  /** What `initialize` answered. */
  readonly server: Result<'initialize'>;
  readonly pid: number;
  /** Rejects with a SidecarError that the sidecar answered, or with SidecarLost. Aborting the signal asks the sidecar to cancel; its answer still decides. */
  call<Name extends MethodName>(method: Name, params: Params<Name>, options?: { signal?: AbortSignal | undefined }): Promise<Result<Name>>;
  /** Calls `listener` for each such event, in order; subscribe only after this. Gives the function that ends it. */
  on<Name extends ServerNotificationName>(event: Name, listener: (params: NotificationParams<Name>) => void): () => void;
  /** shutdown, exit, and waits for the process; kills it only when it does not end in time. May be called twice. */
  end(): Promise<void>;
}

/** Starts a sidecar and initializes it. Rejects with SidecarLost or SidecarError, and then nothing is left running. */
export async function spawnSidecar(options: SidecarOptions): Promise<SidecarConnection> {
  const { command, args, appId, clientInfo, options: told, env = process.env, startTimeoutMs = 10_000, endTimeoutMs = 10_000 } = options;
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env, windowsHide: true });
  const wire = createWire(child);
  let ending: Promise<void> | undefined;

  try {
    const server = await within(
      startTimeoutMs,
      initialize(),
      () => new SidecarLost(`The sidecar did not answer initialize within ${startTimeoutMs} ms.${wire.lastWords()}`),
    );
    return { server, pid: child.pid as number, call: wire.call, on: wire.on, end, [Symbol.asyncDispose]: end };
  } catch (error) {
    child.kill('SIGKILL');
    await wire.closed;
    throw error;
  }

  async function initialize(): Promise<Result<'initialize'>> {
    const protocol = { min: 1, max: 1 };
    const server = await wire.call('initialize', { protocol, clientInfo, processId: process.pid, appId, capabilities: {}, options: told });
    wire.send({ jsonrpc: '2.0', method: 'initialized', params: {} });
    return server;
  }

  function end(): Promise<void> {
    ending ??= endInOrder();
    return ending;
  }

  async function endInOrder(): Promise<void> {
    // The handle names this child and no other: its pid is not given away before it is waited for.
    const overdue = setTimeout(() => child.kill('SIGKILL'), endTimeoutMs);
    await wire.call('shutdown', {}).catch(() => {});
    wire.send({ jsonrpc: '2.0', method: 'exit', params: {} });
    child.stdin?.end();
    await wire.closed;
    clearTimeout(overdue);
  }
}

type Settle = { resolve(result: unknown): void; reject(error: Error): void };
type Message = {
  id?: number | string | null;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: { code: number; message: string; data?: Record<string, unknown> };
};

/** Requests out, answers and events in, until the process is gone. */
function createWire(child: ChildProcess) {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new SidecarLost('The sidecar could not be started: it has no pipes.');
  const pending = new Map<number, Settle>();
  const listeners = new Map<string, Set<(params: never) => void>>();
  let lastId = 0;
  let logTail = '';
  let lost: SidecarLost | null = null;

  const closed = Promise.withResolvers<void>();
  // Node emits 'close' for a command that cannot be run, too.
  child.once('error', (error) => lose(`The sidecar could not be started: ${error.message}.`));
  child.once('close', (code, signal) => leave(`The sidecar has ended (${signal ?? `exit code ${code}`}).`));
  // The last answers may still be in the pipe, and 'close' comes behind them; but a process that inherited it may hold it open for good.
  child.once('exit', (code, signal) => setTimeout(leave, 500, `The sidecar has ended (${signal ?? `exit code ${code}`}).`).unref());
  stdout.once('end', () => setTimeout(lose, 500, 'The sidecar has closed its output.').unref());
  // EPIPE: it is gone, and 'close' says how.
  stdin.on('error', () => {});
  stderr.setEncoding('utf8').on('data', (text: string) => {
    logTail = (logTail + text).slice(-longestLogTail);
  });
  const read = createFrameReader((message) => receive(message as Message));
  stdout.on('data', (chunk: Buffer) => {
    if (lost !== null) return;
    try {
      read(chunk);
    } catch (error) {
      lose(error instanceof Error ? error.message : String(error));
      child.kill('SIGKILL');
    }
  });

  return {
    /** The process is gone. */
    closed: closed.promise,
    send,
    lastWords,

    call<Name extends MethodName>(
      method: Name,
      params: Params<Name>,
      { signal }: { signal?: AbortSignal | undefined } = {},
    ): Promise<Result<Name>> {
      if (lost !== null) return Promise.reject(lost);
      if (signal?.aborted)
        return Promise.reject(new SidecarError('RequestCancelled', -32800, 'The request was cancelled before it was sent.'));
      lastId += 1;
      const id = lastId;
      const cancel = () => send({ jsonrpc: '2.0', method: '$/cancelRequest', params: { id } });
      signal?.addEventListener('abort', cancel, { once: true });
      const answered = new Promise<Result<Name>>((resolve, reject) => pending.set(id, { resolve: resolve as Settle['resolve'], reject }));
      send({ jsonrpc: '2.0', id, method, params });
      return answered.finally(() => signal?.removeEventListener('abort', cancel));
    },

    on<Name extends ServerNotificationName>(event: Name, listener: (params: NotificationParams<Name>) => void): () => void {
      const set = listeners.get(event) ?? new Set();
      listeners.set(event, set.add(listener));
      return () => void set.delete(listener);
    },
  };

  function send(message: object): void {
    if (lost === null && stdin?.writable) stdin.write(frame(message));
  }

  function receive({ id, method, params, result, error }: Message): void {
    if (method !== undefined) {
      if (id !== undefined) return send({ jsonrpc: '2.0', id, error: { code: -32601, message: `This client does not answer ${method}.` } });
      // Outside this reader, so that a listener that throws is its owner's fault and not a broken connection.
      for (const listener of listeners.get(method) ?? []) queueMicrotask(() => listener(params as never));
      return;
    }
    const settle = pending.get(id as number);
    pending.delete(id as number);
    if (error === undefined) settle?.resolve(result);
    else settle?.reject(new SidecarError((error.data?.kind ?? 'InternalError') as ErrorKind, error.code, error.message, error.data));
  }

  function lose(sentence: string): void {
    lost ??= new SidecarLost(`${sentence}${lastWords()}`);
    for (const { reject } of pending.values()) reject(lost);
    pending.clear();
  }

  function leave(sentence: string): void {
    lose(sentence);
    stdout?.destroy();
    stderr?.destroy();
    closed.resolve();
  }

  function lastWords(): string {
    return logTail.trim() === '' ? '' : ` Its last words: ${logTail.trim()}`;
  }
}

const longestLogTail = 2_000;

async function within<Value>(timeoutMs: number, work: Promise<Value>, late: () => Error): Promise<Value> {
  const timeUp = Promise.withResolvers<never>();
  const timer = setTimeout(() => timeUp.reject(late()), timeoutMs);
  try {
    return await Promise.race([work, timeUp.promise]);
  } finally {
    clearTimeout(timer);
  }
}
