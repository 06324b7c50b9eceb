import { type Connection, openConnection } from './connection.ts';
import type { SidecarError } from './errors.ts';
import type { Events, Methods, Nouns } from './generated/methods.ts';
import { createHostCalls, type Registration, type SecondInstanceHandler, type Shutdown, type ShutdownHandlerOptions } from './hostCalls.ts';
import { type Keeper, keepSidecar } from './keeper.ts';
import { defaultLaunch } from './launch/default.ts';
import type { Launch } from './launch/launch.ts';
import { createNouns } from './nouns.ts';
import type { CallOptions } from './options.ts';
import { createProgress } from './progress.ts';
import type { Lost } from './replay.ts';
import { defaultRestarts, type Restarts } from './restart.ts';
import { createSubscriptions, type SubscribeOptions, type Subscription, tell } from './subscriptions.ts';

export interface SidecarOptions {
  /** Names the application: lock, registrations and what a crash has left belong to it. */
  appId: string;
  clientInfo?: Methods['initialize']['params']['clientInfo'] | undefined;
  /** Of `initialize`: an ownerTag, where to keep state. */
  options?: Methods['initialize']['params']['options'];
  /** How it is started; by default with the Node.js, Electron or editor that we run in. See launch/. */
  launch?: Launch | undefined;
  /** How often it is started anew when it dies: 5 times within 180 s. False: never. */
  restarts?: Restarts | false | undefined;
  /** Answers other instances of the app while we hold its lock. */
  onSecondInstance?: SecondInstanceHandler | undefined;
  /** Each line of the sidecar's log: JSON. */
  onLog?: ((line: string) => void) | undefined;
  /** For the answer to `initialize`; 30 s. */
  startTimeoutMs?: number | undefined;
  /** For an orderly end, after which it is killed; 20 s, and never less than 5 s more than the deadlineMs of `close`. */
  endTimeoutMs?: number | undefined;
}

/** What the client itself tells. */
export interface LocalEvents {
  /** The sidecar had died and runs again: what could not be brought back, and why it had died. */
  restarted: { lost: Lost[]; error: SidecarError };
  /** It has ended unasked and is not restarted; every further call rejects with this error. */
  ended: { error: SidecarError };
  /** Every notification, as it is on the wire; also those that this client does not know. */
  notification: { method: string; params: unknown };
}

type Topics = Omit<Events, 'overflow'>;

/** A sidecar of our own, with all its methods by noun: `sidecar.port.find({ port: 3000 })`. */
export interface Sidecar extends Nouns, AsyncDisposable {
  /** What `initialize` answered. */
  readonly server: Methods['initialize']['result'];
  readonly pid: number;
  /** Any method, by its name on the wire. Rejects with a SidecarError. */
  call<Name extends keyof Methods>(method: Name, params: Methods[Name]['params'], options?: CallOptions): Promise<Methods[Name]['result']>;
  /** Subscribes: `sidecar.on('port', ({ entries }) => …, { filter: { ports: [3000] } })`. In order; the sidecar tells `overflow` when we were too slow. */
  on<Topic extends keyof Topics>(topic: Topic, listener: (event: Topics[Topic]) => void, options?: SubscribeOptions): Subscription;
  on(topic: 'overflow', listener: (event: Events['overflow']) => void): Subscription;
  on<Name extends keyof LocalEvents>(name: Name, listener: (event: LocalEvents[Name]) => void): Subscription;
  /** Runs `handler` when the sidecar shuts down, before services are stopped. */
  onShutdown(name: string, handler: (shutdown: Shutdown) => unknown, options?: ShutdownHandlerOptions): Registration;
  /** Answers other instances of the app while we hold its lock; one handler, the last one set. */
  onSecondInstance(handler: SecondInstanceHandler): void;
  /** Shuts everything down in order and ends the sidecar; null when it could not say how that went. */
  close(params?: Methods['shutdown']['params']): Promise<Methods['shutdown']['result'] | null>;
}

export const Sidecar = { spawn };

/** Starts a sidecar and keeps it running until `close()`. Rejects with a SidecarError, and then nothing is left running. */
async function spawn(options: SidecarOptions): Promise<Sidecar> {
  const { appId, launch = defaultLaunch(), restarts = defaultRestarts } = options;
  const hostCalls = createHostCalls();
  const subscriptions = createSubscriptions();
  const progress = createProgress();
  const listeners = new Map<string, Set<(event: never) => void>>();
  let keeper: Keeper | undefined;

  if (options.onSecondInstance !== undefined) hostCalls.onSecondInstance(options.onSecondInstance);
  const kept = await keepSidecar({
    appId,
    restarts: restarts === false ? { most: 0, withinMs: 0 } : restarts,
    open,
    onRestarted: (restarted) => emit('restarted', restarted),
    onOver: (error) => emit('ended', { error }),
  });
  keeper = kept;

  const call = (method: string, params: object, callOptions: CallOptions = {}) => progress.follow(kept, method, params, callOptions);
  const close = (params: Methods['shutdown']['params'] = {}) => kept.end(params) as Promise<Methods['shutdown']['result'] | null>;
  return {
    ...createNouns(call),
    get server() {
      return kept.connection.server;
    },
    get pid() {
      return kept.connection.pid;
    },
    call: call as Sidecar['call'],
    on: on as Sidecar['on'],
    onShutdown: (name, handler, handlerOptions = {}) => hostCalls.onShutdown(kept, name, handler, handlerOptions),
    onSecondInstance: hostCalls.onSecondInstance,
    close,
    [Symbol.asyncDispose]: async () => void (await close()),
  };

  function open(): Promise<Connection> {
    const { clientInfo = { name: appId, language: 'typescript' }, options: told, onLog, startTimeoutMs, endTimeoutMs = 20_000 } = options;
    return openConnection({
      launch,
      appId,
      clientInfo,
      capabilities: { shutdownHandlers: true, secondInstance: true, progress: true },
      options: told,
      onLog,
      startTimeoutMs,
      endTimeoutMs,
      onNotification,
      onRequest: (method, params, signal) => hostCalls.answer(keeper, method, params, signal),
    });
  }

  function onNotification(method: string, params: unknown): void {
    if (method === '$/progress') progress.deliver(params);
    else if (method === 'event/overflow') emit('overflow', params);
    else if (keeper !== undefined && method.startsWith('event/')) subscriptions.deliver(keeper, params as { subscriptionId: string });
    emit('notification', { method, params });
  }

  function on(topic: string, listener: (event: never) => void, subscribeOptions: SubscribeOptions = {}): Subscription {
    if (!isLocal(topic)) return subscriptions.subscribe(kept, topic, listener, subscribeOptions);
    const set = listeners.get(topic) ?? new Set();
    listeners.set(topic, set.add(listener));
    const end = async () => void set.delete(listener);
    return { ready: Promise.resolve(), end, [Symbol.asyncDispose]: end };
  }

  function emit(name: string, event: unknown): void {
    for (const listener of listeners.get(name) ?? []) tell(() => listener(event as never));
  }
}

/** What is told without a subscription of its own. */
const isLocal = (topic: string) => ['restarted', 'ended', 'notification', 'overflow'].includes(topic);
