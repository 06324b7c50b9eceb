import type { Readable } from 'node:stream';
import { disconnected, type SidecarError, unknownHostCall } from './errors.ts';
import type { Methods, Notifications } from './generated/methods.ts';
import { launchCommand } from './launch/command.ts';
import { describeEnding, type Ending, type Launch, type Launched } from './launch/launch.ts';
import { createWire, type Limits, type RequestOptions, type WireOptions } from './wire.ts';

export interface ConnectionOptions {
  launch: Launch;
  /** Names the application; see `initialize`. */
  appId: string;
  clientInfo: Methods['initialize']['params']['clientInfo'];
  capabilities?: Methods['initialize']['params']['capabilities'] | undefined;
  /** Of `initialize`: an ownerTag, where to keep state. */
  options?: Methods['initialize']['params']['options'];
  /** For the answer to `initialize`; 30 s, because a machine that has just booted is busy. */
  startTimeoutMs?: number | undefined;
  /** For an orderly end, after which the sidecar is killed; 10 s, and never less than 5 s more than its own deadline. */
  endTimeoutMs?: number | undefined;
  onNotification?: WireOptions['onNotification'] | undefined;
  onRequest?: WireOptions['onRequest'] | undefined;
  /** Each line of the sidecar's log. */
  onLog?: ((line: string) => void) | undefined;
}

/** One sidecar process, from its start to its end. */
export interface Connection extends AsyncDisposable {
  /** What `initialize` answered. */
  readonly server: Methods['initialize']['result'];
  readonly pid: number;
  /** Everything rejects from here on; its process may still be about to end. */
  readonly isLost: boolean;
  /** Resolves when the process has ended, with how; by then everything pending has rejected. */
  readonly ended: Promise<{ ending: Ending; error: SidecarError }>;
  request(method: string, params: object, options?: RequestOptions): Promise<unknown>;
  /** The same, typed. Rejects with a SidecarError: what the sidecar answered, or `Disconnected`. */
  call<Name extends keyof Methods>(
    method: Name,
    params: Methods[Name]['params'],
    options?: RequestOptions,
  ): Promise<Methods[Name]['result']>;
  /** Calls `listener` for each such notification, in order; subscribe only after this. Gives the function that ends it. */
  on<Name extends keyof Notifications>(name: Name, listener: (params: Notifications[Name]) => void): () => void;
  /** shutdown, exit, and waits for the process; kills it only when it does not end in time. May be called twice. */
  end(params?: Methods['shutdown']['params']): Promise<Methods['shutdown']['result'] | null>;
}

/** Starts a sidecar and initializes it. Rejects with a SidecarError, and then nothing is left running. */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { launch, appId, clientInfo, capabilities = {}, options: told, startTimeoutMs = 30_000, endTimeoutMs = 10_000 } = options;
  const launched = await launchOrSay(launch);
  const listeners = new Map<string, Set<(params: never) => void>>();
  const lastWords = keepLastWords(launched.log, options.onLog);
  const wire = createWire({
    input: launched.input,
    output: launched.output,
    onRequest: options.onRequest ?? refuse,
    onBroken: (sentence) => abandon(disconnected(`${sentence}${lastWords()}`)),
    onNotification(method, params) {
      options.onNotification?.(method, params);
      // Outside the reader, so that a listener that throws is its owner's fault and not a broken connection.
      for (const listener of listeners.get(method) ?? []) queueMicrotask(() => listener(params as never));
    },
  });
  const ended = launched.ended.then((ending) => {
    // An orderly end is logged as well, and explains nothing.
    const error = disconnected(`${describeEnding(ending)}${'code' in ending && ending.code === 0 ? '' : lastWords()}`);
    wire.fail(error);
    return { ending, error };
  });
  launched.output.once('end', () => {
    // Its end may be on its way, and says more; a process without output is of no use.
    const silence = setTimeout(() => abandon(disconnected(`The sidecar has closed its output.${lastWords()}`)), silenceMs).unref();
    void ended.then(() => clearTimeout(silence));
  });
  let ending: Promise<Methods['shutdown']['result'] | null> | undefined;

  try {
    const late = () => disconnected(`The sidecar did not answer initialize within ${startTimeoutMs} ms.${lastWords()}`);
    const server = await within(startTimeoutMs, initialize(), late);
    return {
      server,
      pid: launched.pid as number,
      get isLost() {
        return wire.hasFailed;
      },
      ended,
      request: wire.request,
      call: (method, params, callOptions) => wire.request(method, params, callOptions) as never,
      on(name, listener) {
        const set = listeners.get(name) ?? new Set();
        listeners.set(name, set.add(listener));
        return () => void set.delete(listener);
      },
      end,
      [Symbol.asyncDispose]: async () => void (await end()),
    };
  } catch (error) {
    launched.kill();
    await ended;
    throw error;
  }

  async function initialize(): Promise<Methods['initialize']['result']> {
    const params = { protocol: { min: 1, max: 1 }, clientInfo, processId: process.pid, appId, capabilities, options: told };
    const setLimits = (result: unknown) => wire.setLimits(limitsOf(result));
    const server = (await wire.request('initialize', params, { onAnswer: setLimits })) as Methods['initialize']['result'];
    wire.notify('initialized', {});
    return server;
  }

  function abandon(error: SidecarError): void {
    wire.fail(error);
    launched.kill();
  }

  function end(params: Methods['shutdown']['params'] = {}): Promise<Methods['shutdown']['result'] | null> {
    ending ??= endInOrder(params);
    return ending;
  }

  async function endInOrder(params: Methods['shutdown']['params']): Promise<Methods['shutdown']['result'] | null> {
    const overdue = setTimeout(launched.kill, Math.max(endTimeoutMs, (params.deadlineMs ?? 0) + exitMs));
    const report = await wire.request('shutdown', params).catch(() => null);
    wire.notify('exit', {});
    launched.input.end();
    await ended;
    clearTimeout(overdue);
    return report as Methods['shutdown']['result'] | null;
  }
}

export interface SpawnOptions extends Omit<ConnectionOptions, 'launch'> {
  command: string;
  args: string[];
  /** The default is our own environment. */
  env?: NodeJS.ProcessEnv;
}

/** `openConnection` to a program over its stdin and stdout. */
export function spawnConnection({ command, args, env, ...options }: SpawnOptions): Promise<Connection> {
  return openConnection({ ...options, launch: launchCommand({ command, args, env }) });
}

const refuse = (method: string) => Promise.reject(unknownHostCall(method));

const silenceMs = 500;
/** What a sidecar may need beyond the deadline that it was given. */
const exitMs = 5_000;

async function launchOrSay(launch: Launch): Promise<Launched> {
  try {
    return await launch();
  } catch (error) {
    throw disconnected(`The sidecar could not be started: ${error instanceof Error ? error.message : String(error)}`, error);
  }
}

/** A sidecar of another kind, or a test's, may tell no limits: then it is not held back. */
function limitsOf(result: unknown): Limits {
  const limits: Partial<Limits> = (result as Partial<Methods['initialize']['result']> | null)?.limits ?? {};
  const { requestsInFlight = Number.POSITIVE_INFINITY, waitsInFlight = requestsInFlight, bodyBytes = Number.POSITIVE_INFINITY } = limits;
  return { requestsInFlight, waitsInFlight, bodyBytes };
}

function keepLastWords(log: Readable | null, onLog: ((line: string) => void) | undefined): () => string {
  let tail = '';
  let line = '';
  log?.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-longestTail);
    if (onLog === undefined) return;
    const lines = (line + text).split('\n');
    line = (lines.pop() as string).slice(-longestLine);
    lines.forEach(onLog);
  });
  return () => (tail.trim() === '' ? '' : ` Its last words: ${tail.trim()}`);
}

const longestTail = 2_000;
const longestLine = 65_536;

async function within<Value>(timeoutMs: number, work: Promise<Value>, late: () => Error): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), timeoutMs);
  });
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
