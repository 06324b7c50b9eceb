import type { Methods } from '../generated/methods.ts';
import { Sidecar, type SidecarOptions } from '../sidecar.ts';
import { runHandlers, type ShutdownHandler } from './handlers.ts';

/**
 * Ports and processes of one app, in the calls of the class that backends used before: none of them throws. What could
 * not be done is false, or an empty answer, and its reason goes to `onError`. A sidecar is started with the first call.
 */
export interface ProcessManager {
  /** False when another instance runs, and also the second time in this one. */
  enforceSingleInstance(): Promise<boolean>;
  isPortInUse(port: number): Promise<boolean>;
  /** Both null when nobody holds it, or its holder may not be seen. */
  findProcessByPort(port: number): Promise<ProcessInfo>;
  /** Whether somebody was ended and the port is free; false on a port that was. */
  killProcessOnPort(port: number): Promise<boolean>;
  /** With its descendants. False when there was no such process, or it lives on. */
  killProcessById(pid: number): Promise<boolean>;
  /** Registrations are kept for the app: the next run's `cleanupOnStartup` knows them. */
  registerManagedPort(port: number, name: string): Promise<void>;
  /** Ends whoever holds the port, whoever that is, and waits until it can be bound. */
  ensurePortAvailable(port: number, maxRetries?: number): Promise<boolean>;
  /** Ends whoever holds a port that this run or the last one registered, and what a crashed run has left. */
  cleanupOnStartup(): Promise<void>;
  addShutdownHandler(handler: ShutdownHandler): void;
  /** All of them, in the order of adding, even if some fail. */
  executeShutdownHandlers(): Promise<void>;
  /** SIGTERM and SIGINT run the handlers, end the sidecar, and then this process with code 0; a second one ends it at once, with code 1. */
  registerShutdownHandlers(): void;
  getProcessStatus(): Promise<ProcessStatus>;
  /** Into the sidecar's log. */
  logError(error: unknown, context?: string): Promise<void>;
  /** Ends the sidecar; a later call starts another. */
  close(): Promise<void>;
}

export interface ProcessInfo {
  pid: number | null;
  name: string | null;
}

export interface PortStatus {
  port: number;
  name: string;
  inUse: boolean;
}

export interface ProcessStatus {
  isRunning: boolean;
  startTime: Date;
  ports: PortStatus[];
}

export interface ProcessManagerOptions extends Partial<SidecarOptions> {
  /** Names the app; the default is the path of the program. */
  appId?: string;
  /** Hears why a call could not be done. */
  onError?: (error: unknown, context: string) => void;
}

export function createProcessManager({
  appId = process.argv[1] ?? process.execPath,
  onError,
  ...options
}: ProcessManagerOptions = {}): ProcessManager {
  const startTime = new Date();
  const handlers: ShutdownHandler[] = [];
  let sidecar: Promise<Sidecar> | null = null;
  let isEnding = false;

  const manager: ProcessManager = {
    enforceSingleInstance: () => attempt('enforceSingleInstance', false, async () => (await ask('instance/acquire', {})).acquired),

    isPortInUse: (port) => attempt('isPortInUse', false, async () => (await ask('port/check', { port })).inUse),

    findProcessByPort: (port) =>
      attempt('findProcessByPort', { pid: null, name: null }, async () => {
        const { entries } = await ask('port/find', { port });
        const [owner] = entries.flatMap(({ owners }) => owners);
        return { pid: owner?.pid ?? null, name: owner?.name ?? null };
      }),

    killProcessOnPort: (port) =>
      attempt('killProcessOnPort', false, async () => {
        const { freed, outcomes } = await ask('port/kill', { port });
        return freed && outcomes.some(({ outcome }) => hasEnded(outcome));
      }),

    killProcessById: (pid) =>
      attempt('killProcessById', false, async () => {
        const { outcomes } = await ask('process/kill', { target: { kind: 'process', pid } });
        return outcomes.length > 0 && outcomes.every(({ outcome }) => hasEnded(outcome));
      }),

    registerManagedPort: (port, name) =>
      attempt('registerManagedPort', undefined, async () => void (await ask('port/register', { port, name }))),

    ensurePortAvailable: (port, maxRetries = 3) =>
      attempt('ensurePortAvailable', false, async () => (await ask('port/ensureAvailable', { port, maxRetries, evict: 'any' })).available),

    cleanupOnStartup: () => attempt('cleanupOnStartup', undefined, async () => void (await ask('cleanup/run', { evict: 'any' }))),

    addShutdownHandler: (handler) => void handlers.push(handler),
    executeShutdownHandlers: () => runHandlers(handlers, (error) => manager.logError(error, 'shutdown handler')),

    registerShutdownHandlers() {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void endProcess());
    },

    async getProcessStatus() {
      const ports = await attempt<PortStatus[]>('getProcessStatus', [], async () => {
        const registered = (await ask('port/registered', {})).ports;
        return Promise.all(registered.map(async ({ port, name }) => ({ port, name, inUse: await manager.isPortInUse(port) })));
      });
      return { isRunning: !isEnding, startTime, ports };
    },

    async logError(error, context = '') {
      const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
      await attempt('logError', undefined, async () => void (await ask('log/error', { name, message, stack, context: { context } })));
    },

    async close() {
      const closing = sidecar;
      sidecar = null;
      await (await closing?.catch(() => null))?.close();
    },
  };
  return manager;

  async function ask<Name extends keyof Methods>(method: Name, params: Methods[Name]['params']): Promise<Methods[Name]['result']> {
    sidecar ??= Sidecar.spawn({ ...options, appId });
    try {
      await sidecar;
    } catch (error) {
      sidecar = null;
      throw error;
    }
    return (await sidecar).call(method, params);
  }

  async function attempt<Value>(context: string, otherwise: Value, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      onError?.(error, context);
      return otherwise;
    }
  }

  async function endProcess(): Promise<void> {
    // Whoever asks again waits no longer; the sidecar sees that we are gone.
    if (isEnding) process.exit(1);
    isEnding = true;
    await manager.executeShutdownHandlers();
    await manager.close();
    process.exit(0);
  }
}

const hasEnded = (outcome: string) => outcome === 'exited' || outcome === 'killed';

let current: ProcessManager | null = null;

/** The one manager of this process, made with the first call; its options count only then. */
export function getProcessManager(options?: ProcessManagerOptions): ProcessManager {
  current ??= createProcessManager(options);
  return current;
}

/** Ends the one manager; the next `getProcessManager` makes another. */
export async function resetProcessManager(): Promise<void> {
  const ending = current;
  current = null;
  await ending?.close();
}
