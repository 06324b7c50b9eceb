import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Pool } from '../../workers/pool.ts';
import type { Kill } from '../processes/kill.ts';
import type { Services } from './services.ts';

export interface KillingPartsOfServices {
  kill: Kill;
  pool: Pool;
  /** Of all connections. */
  services(): Pick<Services, 'belonging' | 'stopAlong'>[];
}

/**
 * A kill that somebody has asked for. What it may touch although it is protected may be a service of ours: that is told to stop, so that
 * its end is no crash and it is not started again, what depends on it ends before it, and what it leaves behind is ended with it.
 */
export function createKillOnRequest({ kill, pool, services }: KillingPartsOfServices): Kill {
  return async function killOnRequest(order) {
    const { roots, meant, options } = order;
    if (!options.allowProtected) return kill(order);
    const targets = [...roots.map(({ pid, identity }) => ({ pid, identity })), ...(meant === undefined ? [] : [meant])];
    const { processes } = await pool.run('describeProcesses', { targets });
    const found = processes.filter((info): info is ProcessInfo => info !== null);
    return services().reduceRight(
      (killing, { belonging, stopAlong }) => {
        const names = new Set(found.flatMap((info) => belonging.label(info).service ?? []));
        return names.size === 0 ? killing : () => stopAlong([...names], { graceMs: options.graceMs, isForced: options.force, killing });
      },
      () => kill(order),
    )();
  };
}
