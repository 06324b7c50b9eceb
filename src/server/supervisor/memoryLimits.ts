import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Pool } from '../../workers/pool.ts';
import type { Containment } from './containment/containment.ts';
import type { Registry } from './registry.ts';
import type { Service } from './service.ts';

export interface MemoryLimitParts {
  registry: Registry;
  containment: Pick<Containment, 'usageOf'>;
  pool: Pool;
  clock: Clock;
  log: Log;
}

/** How often the memory of those that have a limit is looked at. */
const periodMs = 1_000;

/**
 * Finds services whose processes together use more memory than their limit, and has them ended as ill. One look for all of them, one
 * look at a time, and none while nobody with a limit runs.
 */
export function watchMemoryLimits({ registry, containment, pool, clock, log }: MemoryLimitParts): void {
  let isWatching = false;
  registry.onChange((service) => {
    if (!isWatching && limitOf(service) !== null) void watch();
  });

  async function watch(): Promise<void> {
    isWatching = true;
    for (let limited = listLimited(); limited.length > 0; limited = listLimited()) {
      await clock.sleep(periodMs);
      await look().catch((error: unknown) => log.warn({ err: error }, 'the memory of services could not be looked at'));
    }
    isWatching = false;
  }

  async function look(): Promise<void> {
    const limited = listLimited();
    if (limited.length === 0) return;
    const { families } = await pool.run('sampleFamilies', {
      leaders: limited.map(({ leader }) => ({ ...leader, group: containment.usageOf(leader.pid) })),
    });
    for (const [index, { service, leader, rssBytes }] of limited.entries()) {
      const used = families[index]?.rssBytes ?? 0;
      // By the time that we know it may be another process.
      const isStillIt = service.run?.process?.identity === leader.identity;
      if (used > rssBytes && isStillIt) service.ail(`Its processes use ${used} bytes of memory, and ${rssBytes} are its limit.`);
    }
  }

  function listLimited() {
    return [...registry.services.values()].flatMap((service) => limitOf(service) ?? []);
  }
}

function limitOf(service: Service) {
  const rssBytes = service.spec.limits?.rssBytes;
  const process = service.state.name === 'running' ? service.state.process : null;
  if (rssBytes === undefined || process === null) return null;
  return { service, rssBytes, leader: { pid: process.pid, identity: process.identity } };
}
