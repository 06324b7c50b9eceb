import { fail } from '../../protocol/errors.ts';
import { limits } from '../transport/limits.ts';
import type { Graph } from './dependencies.ts';
import { createService, type Service, type ServiceParts } from './service.ts';
import type { CompleteSpec } from './spec.ts';
import { isLive } from './state.ts';

/** All services of a connection, by name. */
export interface Registry {
  readonly services: ReadonlyMap<string, Service>;
  /** The number of a command: later ones have higher ones. */
  takeNumber(): number;
  /** Nothing is started any more. */
  readonly isClosed: boolean;
  close(): void;
  reopen(): void;
  /** The services of these names, which are wanted like this from now on. Throws LimitExceeded, and changes nothing then. */
  want(specs: readonly CompleteSpec[]): Service[];
  forget(name: string): void;
  /** Who depends on whom, as it is wanted; with these instead of those of the same name, and without those names. */
  graph(others?: readonly CompleteSpec[], without?: readonly string[]): Graph;
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
  let lastNumber = 0;
  const serviceParts: ServiceParts = { ...parts, stateOf: (name) => services.get(name)?.state ?? null, isClosed: () => isClosed, onChange };

  return {
    services,
    takeNumber() {
      lastNumber += 1;
      return lastNumber;
    },
    get isClosed() {
      return isClosed;
    },
    close() {
      isClosed = true;
    },
    reopen() {
      isClosed = false;
    },

    want(specs) {
      makeRoom(specs);
      return specs.map((spec) => {
        const service = services.get(spec.name) ?? createService(spec, serviceParts);
        Object.assign(service.intent, { isUp: true, spec });
        services.set(spec.name, service);
        return service;
      });
    },

    forget(name) {
      drop(name);
      tellDependants(name);
    },

    graph(others = [], without = []) {
      const specs = [...services.values()].map(({ intent }) => intent.spec).filter(({ name }) => !without.includes(name));
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
  function makeRoom(wanted: readonly CompleteSpec[]): void {
    const names = new Set([...services.keys(), ...wanted.map(({ name }) => name)]);
    const surplus = names.size - limits.services;
    if (surplus <= 0) return;
    const kept = new Set(wanted.map(({ name }) => name));
    for (const { intent } of services.values()) for (const tie of intent.spec.dependsOn) kept.add(tie.name);
    const ended = [...services.values()]
      .filter(({ state, spec }) => !isLive(state) && !kept.has(spec.name))
      .sort((left, right) => left.stateChangedAt - right.stateChangedAt);
    if (ended.length < surplus) {
      throw fail('LimitExceeded', `There may be ${limits.services} services; stop or remove some before others are started.`, {
        limit: 'services',
        max: limits.services,
      });
    }
    for (const { spec } of ended.slice(0, surplus)) drop(spec.name);
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
