import { isDeepStrictEqual } from 'node:util';
import type { ServiceOutput } from './output/output.ts';
import type { Outputs } from './output/outputs.ts';
import { createServicePorts, type ServicePorts, type ServicePortsParts } from './servicePorts.ts';
import type { CompleteSpec } from './spec.ts';

/** What a service has over all its starts. */
export interface Equipment {
  readonly ports: ServicePorts;
  readonly output: ServiceOutput;
}

/** The equipment of services, by name. */
export interface Equipments {
  /** As this spec has it: made, or adapted; what stays the same stays. Throws LimitExceeded. */
  of(spec: CompleteSpec): Equipment;
  /** Throws LimitExceeded where these could not all be made. */
  checkRoom(specs: readonly CompleteSpec[]): void;
  /** The service is down: what connects is refused. */
  rest(service: string): void;
  forget(service: string): void;
}

export function createEquipments(outputs: Outputs, parts: ServicePortsParts): Equipments {
  const known = new Map<string, { specs: CompleteSpec['ports']; ports: ServicePorts }>();

  return {
    of({ name, ports: specs, logs, persistent = false }) {
      const output = outputs.open(name, { ...logs, isOwn: persistent });
      let own = known.get(name);
      if (own === undefined || !isDeepStrictEqual(own.specs, specs)) {
        own?.ports.release();
        own = { specs, ports: createServicePorts(name, specs, parts) };
        known.set(name, own);
      }
      return { ports: own.ports, output };
    },
    checkRoom: (specs) => outputs.checkRoom(new Map(specs.map(({ name, logs }) => [name, logs]))),
    rest: (service) => known.get(service)?.ports.close(),
    forget(service) {
      known.get(service)?.ports.release();
      known.delete(service);
      outputs.forget(service);
    },
  };
}
