import { fail } from '../../protocol/errors.ts';
import { limits } from '../transport/limits.ts';
import type { Graph } from './dependencies.ts';
import { createService, type Service, type ServiceParts } from './service.ts';
import type { CompleteSpec } from './spec.ts';
import { isLive } from './state.ts';

/** All services of a connection, by name. */
export interface Registry {
  readonly services: ReadonlyMap<string, Service>;
  /** Nothing is started any more. */
  readonly isClosed: boolean;
  close(): void;
  reopen(): void;
  /** The service of that name, which wants to be like this from now on. Throws LimitExceeded. */
  want(spec: CompleteSpec): Service;
  forget(name: string): void;
  /** Who depends on whom, as it is wanted; with these instead of those of the same name. */
  graph(others?: readonly CompleteSpec[]): Graph;
  /** Throws NotFound when no service is meant, InvalidParams when it is not said which. */
  find(target: Target, method: string): Service[];
  /** Calls back for every service that has become another. Gives the function that ends it. */
  onChange(listener: (service: Service) => void): () => void;
}

export interface Target {
  name?: string | undefined;
  group?: string | undefined;
}

export type RegistryParts = Omit<ServiceParts, 'stateOf' | 'isClosed' | 'onChange'>;

export function createRegistry(parts: RegistryParts): Registry {
  const services = new Map<string, Service>();
  const listeners = new Set<(service: Service) => void>();
  let isClosed = false;
  const serviceParts: ServiceParts = { ...parts, stateOf: (name) => services.get(name)?.state ?? null, isClosed: () => isClosed, onChange };

  return {
    services,
    get isClosed() {
      return isClosed;
    },
    close() {
      isClosed = true;
    },
    reopen() {
      isClosed = false;
    },

    want(spec) {
      const known = services.get(spec.name);
      if (known !== undefined) {
        Object.assign(known.intent, { isUp: true, spec });
        return known;
      }
      if (services.size >= limits.services) makeRoom();
      const service = createService(spec, serviceParts);
      services.set(spec.name, service);
      return service;
    },

    forget(name) {
      drop(name);
      tellDependants(name);
    },

    graph(others = []) {
      const specs = [...services.values()].map(({ intent }) => intent.spec);
      return new Map([...specs, ...others].map((spec) => [spec.name, spec]));
    },

    find({ name, group }, method) {
      if ((name === undefined) === (group === undefined)) throw oneOf('name', 'group', method);
      const meant = [...services.values()].filter(({ intent: { spec } }) =>
        name === undefined ? spec.group === group : spec.name === name,
      );
      if (meant.length > 0) return meant;
      const what = name === undefined ? `group ${group}` : `service ${name}`;
      throw fail('NotFound', `There is no ${what}: nothing was started under that name.`, { what });
    },

    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };

  function onChange(service: Service): void {
    for (const listener of listeners) listener(service);
    tellDependants(service.spec.name);
  }

  function tellDependants(name: string): void {
    for (const service of services.values()) {
      if (service.state.name === 'waiting' && service.spec.dependsOn.some((tie) => tie.name === name)) service.reconsider();
    }
  }

  /** Of those that have ended the one that did so first is forgotten: a host may start any number of them, one after the other. */
  function makeRoom(): void {
    const needed = new Set([...services.values()].flatMap(({ intent }) => intent.spec.dependsOn.map((tie) => tie.name)));
    const [oldest] = [...services.values()]
      .filter(({ state, spec }) => !isLive(state) && !needed.has(spec.name))
      .sort((left, right) => left.stateChangedAt - right.stateChangedAt);
    if (oldest === undefined) {
      throw fail('LimitExceeded', `${limits.services} services run already; stop one before the next is started.`, {
        limit: 'services',
        max: limits.services,
      });
    }
    drop(oldest.spec.name);
  }

  function drop(name: string): void {
    services.delete(name);
    parts.equipments.forget(name);
  }
}

export function oneOf(left: string, right: string, method: string) {
  return fail('InvalidParams', `${method} needs either ${left} or ${right}.`, {
    issues: [{ path: '', message: `give ${left} or ${right}, and not both` }],
  });
}
