import type { Log } from '../../log.ts';
import type { Persistence } from './persistence.ts';
import type { Registry } from './registry.ts';
import type { CompleteSpec } from './spec.ts';
import { isLive } from './state.ts';

/** Makes what earlier sidecars of this app have left running services of this one. Never rejects. */
export type Adopt = () => Promise<void>;

export interface AdoptParts {
  registry: Registry;
  persistence: Pick<Persistence, 'takeOver'>;
  log: Log;
}

export function createAdopt({ registry, persistence, log }: AdoptParts): Adopt {
  let last: Promise<void> = Promise.resolve();

  return function adopt() {
    last = last
      .then(adoptAll)
      .catch((error: unknown) => log.warn({ err: error }, 'what earlier sidecars have left running on purpose could not be looked for'));
    return last;
  };

  async function adoptAll(): Promise<void> {
    if (registry.isClosed) return;
    const found = await persistence.takeOver(isTaken);
    await Promise.all(
      found.map(async (left) => {
        const [service] = registry.want([left.spec]);
        log.info({ service: left.spec.name, pid: left.process.pid }, 'a persistent service runs since before this sidecar, and is adopted');
        await service?.resume(left);
      }),
    );
  }

  function isTaken(name: string): boolean {
    const service = registry.services.get(name);
    return service !== undefined && isLive(service.state);
  }
}

/** Whether one of these may be running under a sidecar that has died since we looked. */
export const mayBeLeft = (specs: readonly Pick<CompleteSpec, 'persistent'>[]): boolean =>
  specs.some(({ persistent }) => persistent === true);
