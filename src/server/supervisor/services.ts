import { fail } from '../../protocol/errors.ts';
import type { ServiceStatus } from '../../protocol/types/service.ts';
import { isPosix } from '../os/posix.ts';
import { type Adopt, createAdopt } from './adopting.ts';
import { type Apply, createApply } from './applying.ts';
import { type Belonging, createBelonging } from './belonging.ts';
import { layersOf } from './dependencies.ts';
import { watchMemoryLimits } from './memoryLimits.ts';
import { createRegistry, type RegistryParts, type Target } from './registry.ts';
import type { Service } from './service.ts';
import { createStarting, type StartOrder } from './starting.ts';
import { isLive } from './state.ts';
import { label, statusOf } from './status.ts';
import { type CommandOrder, createStopping, type Stopping } from './stopping.ts';
import { type WriteOrder, writeTo } from './writing.ts';

/** All services of a connection, by name. */
export interface Services {
  /** What they say about processes. */
  readonly belonging: Belonging;
  /** Throws SpawnFailed, NotFound, Conflict, LimitExceeded, ShuttingDown, InvalidParams, TimedOut. */
  start(order: StartOrder): Promise<ServiceStatus>;
  /** Throws NotFound when no service is meant. What does not run is answered as it is. */
  stop(target: Target, order: CommandOrder): Promise<ServiceStatus[]>;
  /** The same, and starts them again with the dependants that it stopped; resolves when they run or have failed to. Throws SpawnFailed, too. */
  restart(target: Target, order: CommandOrder): Promise<ServiceStatus[]>;
  /** Ends them and forgets them. */
  remove(target: Target, order: CommandOrder): Promise<ServiceStatus[]>;
  /** Stops these, which run, while something else ends their processes. */
  stopAlong: Stopping['stopAlong'];
  apply: Apply;
  /** What earlier sidecars have left running on purpose becomes this one’s. Never rejects. */
  adopt: Adopt;
  /** Throws NotFound, and InvalidState when it does not run. */
  signal(name: string, signal: NodeJS.Signals): void;
  get(name: string, signal?: AbortSignal): Promise<ServiceStatus | null>;
  /** Throws NotFound, InvalidState, Conflict; resolves when the system has taken the bytes. */
  write(order: WriteOrder, signal: AbortSignal): Promise<void>;
  /** By what is known, and by name; asks nobody. */
  list(group?: string): ServiceStatus[];
  /** Calls back with each that has become another. Gives the function that ends it. */
  onChange(listener: (service: ServiceStatus) => void): () => void;
  /** Starts nothing from now on, and gives what has to be ended: one group after the other, dependants first. What is persistent runs on. */
  close(): LiveService[][];
  /** Starts again. */
  reopen(): void;
  /** The longest grace of what has to be ended; 0 when nothing has. */
  longestGraceMs(): number;
}

export interface LiveService {
  name: string;
  /** Ends it, by force when the time is nearly over. Rejects with a sentence when something could not be ended. */
  end(deadline: Deadline): Promise<void>;
}

export interface Deadline {
  remainingMs(): number;
  /** Calls back when it has come closer. */
  onCloser(listener: () => void): void;
}

export interface ServicesParts extends RegistryParts {
  /** For services that name none. */
  ownerTag?: string | undefined;
}

/** Before the deadline of a shutdown everything left is killed. */
const forceBeforeDeadlineMs = 500;

export function createServices(parts: ServicesParts): Services {
  const registry = createRegistry(parts);
  const { services } = registry;
  const adopt = createAdopt({ registry, persistence: parts.persistence, log: parts.log });
  const starting = createStarting(registry, { ...parts, adopt });
  watchMemoryLimits({ ...parts, registry });
  const stopping = createStopping({ registry, starting, clock: parts.clock });

  return {
    belonging: createBelonging(services),
    start: starting.start,
    stop: stopping.stop,
    restart: stopping.restart,
    remove: stopping.remove,
    stopAlong: stopping.stopAlong,
    apply: createApply({ registry, starting, stopping, adopt, ownerTag: parts.ownerTag, log: parts.log }),
    adopt,

    signal(name, signal) {
      const service = find(name);
      if (!isPosix && signal !== 'SIGKILL') throw noSignals(name);
      if (service.signal(signal)) return;
      const { state } = statusOf(service);
      throw fail('InvalidState', `The service ${name} is ${state}: there is nobody to signal.`, { state, allowed: ['running'] });
    },

    async get(name, signal) {
      const service = services.get(name);
      if (service === undefined) return null;
      const status = statusOf(service);
      if (status.process === null) return status;
      const { pid, identity } = status.process;
      const { processes } = await parts.pool.run('describeProcesses', { targets: [{ pid, identity }] }, { signal });
      const [fresh] = processes;
      // It may have ended meanwhile, and then that is what is told.
      const now = statusOf(service);
      return fresh && now.process?.identity === identity
        ? { ...now, process: label(fresh, { service: name, ownerTag: service.spec.ownerTag }) }
        : now;
    },

    async write(order, signal) {
      await writeTo(find(order.name), order, signal);
    },

    list: (group) =>
      [...services.values()]
        .filter(({ spec }) => group === undefined || spec.group === group)
        .map(statusOf)
        .sort((left, right) => (left.name < right.name ? -1 : 1)),

    onChange: (listener) => registry.onChange((service) => listener(statusOf(service))),

    close() {
      registry.close();
      const ending = live().filter(({ outlivesUs }) => !outlivesUs);
      for (const { intent, outlivesUs } of services.values()) intent.isUp = outlivesUs;
      const alive = new Map(ending.map((service) => [service.spec.name, service]));
      const layers = layersOf([...alive.keys()], registry.graph());
      return layers.map((layer) => layer.map((name) => ({ name, end: (deadline) => end(alive.get(name) as Service, deadline) })));
    },

    reopen: registry.reopen,

    longestGraceMs: () => Math.max(0, ...live().map(({ spec, outlivesUs }) => (outlivesUs ? 0 : spec.stop.graceMs))),
  };

  function live(): Service[] {
    return [...services.values()].filter(({ state }) => isLive(state));
  }

  function find(name: string): Service {
    const service = services.get(name);
    if (service === undefined) throw fail('NotFound', `There is no service ${name}.`, { what: `service ${name}` });
    return service;
  }
}

async function end(service: Service, { remainingMs, onCloser }: Deadline): Promise<void> {
  const stop = () => {
    const graceMs = Math.max(0, Math.min(service.spec.stop.graceMs, remainingMs() - forceBeforeDeadlineMs));
    return service.stop({ graceMs, cause: 'It was stopped because the sidecar shuts down.' });
  };
  onCloser(() => {
    if (isLive(service.state)) void stop();
  });
  // The second time is for what was given up meanwhile, by a stop that was cancelled.
  for (let attempt = 0; attempt < 2 && isLive(service.state); attempt += 1) await stop();
  const { state, cause } = statusOf(service);
  if (state === 'stopping') throw new Error(cause);
}

/** Node has TerminateProcess for SIGTERM and SIGINT, which is not what they say. */
function noSignals(name: string) {
  const sentence = `Windows has no signals, so ${name} got none; ask it to end with service/stop, or end it with SIGKILL.`;
  return fail('Unsupported', sentence, { capability: 'service.signal', platform: 'win32' });
}
