import { fail } from '../../protocol/errors.ts';
import type { ServiceSpec, ServiceStatus } from '../../protocol/types/service.ts';
import { findProgram } from '../os/program.ts';
import { limits } from '../transport/limits.ts';
import { isLive } from './machine.ts';
import { type RunParts, surroundings } from './run.ts';
import { createService, type Service, type StopOrder } from './service.ts';
import { type CompleteSpec, completeSpec, sameSpec } from './spec.ts';
import { label, statusOf } from './status.ts';
import { type WriteOrder, writeTo } from './writing.ts';

/** All services of a connection, by name. */
export interface Services {
  /** Throws SpawnFailed, NotFound, Conflict, LimitExceeded, ShuttingDown, InvalidParams. */
  start(order: StartOrder): Promise<ServiceStatus>;
  /** Throws NotFound when no service is meant. What does not run is answered as it is. */
  stop(target: { name?: string | undefined; group?: string | undefined }, order: Partial<StopOrder>): Promise<ServiceStatus[]>;
  get(name: string, signal?: AbortSignal): Promise<ServiceStatus | null>;
  /** Throws NotFound, InvalidState, Conflict; resolves when the system has taken the bytes. */
  write(order: WriteOrder, signal: AbortSignal): Promise<void>;
  /** By what is known, and by name; asks nobody. */
  list(group?: string): ServiceStatus[];
  /** Starts nothing from now on, and gives what has to be ended: one group after the other. */
  close(): LiveService[][];
  /** Starts again. */
  reopen(): void;
  /** The longest grace of what has to be ended; 0 when nothing has. */
  longestGraceMs(): number;
}

export interface StartOrder {
  spec?: ServiceSpec | undefined;
  name?: string | undefined;
  waitFor: 'none' | 'running';
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

export interface ServicesParts extends RunParts {
  /** For services that name none. */
  ownerTag?: string | undefined;
}

/** Before the deadline of a shutdown everything left is killed. */
const forceBeforeDeadlineMs = 500;

export function createServices(parts: ServicesParts, services: Map<string, Service>): Services {
  let isClosed = false;

  return {
    async start({ spec, name, waitFor }) {
      const wanted = readTarget(spec, name);
      if (!isRunningAs(wanted)) await findProgram({ command: wanted.command, ...surroundings(wanted, parts, '') });
      // Behind the look, so that nothing can come between the decision and the start.
      if (isClosed) throw fail('ShuttingDown', `The sidecar is shutting down, so ${wanted.name} is not started.`, {});
      const service = services.get(wanted.name) ?? add(wanted);
      service.start(wanted);
      if (waitFor === 'running') await service.started();
      return statusOf(service);
    },

    async stop(target, order) {
      const meant = findMeant(target);
      await Promise.all(
        meant.map((service) =>
          service.stop({ cause: 'It was stopped on request.', ...order, graceMs: order.graceMs ?? service.spec.stop.graceMs }),
        ),
      );
      return meant.map(statusOf);
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
      const service = services.get(order.name);
      if (service === undefined) throw notFound(`There is no service ${order.name}.`, `service ${order.name}`);
      await writeTo(service, order, signal);
    },

    list: (group) =>
      [...services.values()]
        .filter(({ spec }) => group === undefined || spec.group === group)
        .map(statusOf)
        .sort((left, right) => (left.name < right.name ? -1 : 1)),

    close() {
      isClosed = true;
      return [live().map((service) => ({ name: service.spec.name, end: (deadline) => end(service, deadline) }))];
    },

    reopen() {
      isClosed = false;
    },

    longestGraceMs: () => Math.max(0, ...live().map(({ spec }) => spec.stop.graceMs)),
  };

  function live(): Service[] {
    return [...services.values()].filter(({ state }) => isLive(state));
  }

  function readTarget(spec: ServiceSpec | undefined, name: string | undefined): CompleteSpec {
    if ((spec === undefined) === (name === undefined)) throw oneOf('spec', 'name', 'service/start');
    if (spec !== undefined) return completeSpec(spec, parts.ownerTag);
    const known = services.get(name as string);
    if (known === undefined) throw notFound(`No service was started under the name ${name}; start it by its spec.`, `service ${name}`);
    return known.spec;
  }

  function isRunningAs(wanted: CompleteSpec): boolean {
    const service = services.get(wanted.name);
    return service !== undefined && service.state.name === 'running' && sameSpec(service.spec, wanted);
  }

  function add(spec: CompleteSpec): Service {
    if (services.size >= limits.services) makeRoom();
    const service = createService(spec, parts, parts.clock);
    services.set(spec.name, service);
    return service;
  }

  /** Of those that have ended the one that did so first is forgotten: a host may start any number of them, one after the other. */
  function makeRoom(): void {
    const [oldest] = [...services.values()]
      .filter(({ state }) => !isLive(state))
      .sort((left, right) => left.stateChangedAt - right.stateChangedAt);
    if (oldest === undefined) {
      throw fail('LimitExceeded', `${limits.services} services run already; stop one before the next is started.`, {
        limit: 'services',
        max: limits.services,
      });
    }
    services.delete(oldest.spec.name);
    parts.equipments.forget(oldest.spec.name);
  }

  function findMeant({ name, group }: { name?: string | undefined; group?: string | undefined }): Service[] {
    if ((name === undefined) === (group === undefined)) throw oneOf('name', 'group', 'service/stop');
    const meant = [...services.values()].filter(({ spec }) => (name === undefined ? spec.group === group : spec.name === name));
    if (meant.length > 0) return meant;
    const what = name === undefined ? `group ${group}` : `service ${name}`;
    throw notFound(`There is no ${what}: nothing was started under that name.`, what);
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

function oneOf(left: string, right: string, method: string) {
  return fail('InvalidParams', `${method} needs either ${left} or ${right}.`, {
    issues: [{ path: '', message: `give ${left} or ${right}, and not both` }],
  });
}

const notFound = (sentence: string, what: string) => fail('NotFound', sentence, { what });
