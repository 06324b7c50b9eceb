import type { Clock } from '../../clock.ts';
import type { ServiceStatus } from '../../protocol/types/service.ts';
import type { Pool } from '../../workers/pool.ts';
import type { FamilyLeader, FamilyUsage } from '../../workers/tasks/sampleFamilies.ts';
import { createEventLoopLag } from './eventLoopLag.ts';
import { writeOpenMetrics } from './exposition.ts';
import { gauge } from './family.ts';
import type { RequestMetrics } from './requestMetrics.ts';
import { serviceFamilies } from './serviceMetrics.ts';

/** The whole exposition, as it stands now; looks at the processes of services, and at nobody else. */
export type ReadMetrics = (connectionId: string, signal: AbortSignal) => Promise<string>;

export interface MetricsParts {
  pool: Pool;
  clock: Clock;
  requests: RequestMetrics;
  servicesOf(connectionId: string): ServiceStatus[];
  /** As in `FamilyLeader`. */
  usageOf(pid: number): FamilyLeader['group'];
  managedPortsOf(connectionId: string): number;
  rssBytes(): number;
}

export function createReadMetrics({ pool, clock, requests, servicesOf, usageOf, managedPortsOf, rssBytes }: MetricsParts): ReadMetrics {
  const readLag = createEventLoopLag(clock);

  return async function readMetrics(connectionId, signal) {
    const services = servicesOf(connectionId);
    const usages = await measure(services, signal);
    const { threads, queued } = pool.status();
    return writeOpenMetrics([
      ...serviceFamilies(
        services.map((status, index) => ({ status, usage: usages[index] ?? null })),
        clock.now(),
      ),
      gauge('sidewarden_managed_ports', 'Ports that this run has registered.', managedPortsOf(connectionId)),
      ...requests.families(),
      gauge('sidewarden_pool_threads', 'Threads that look at the system.', threads),
      gauge('sidewarden_pool_queued', 'Looks that wait for a thread.', queued),
      readLag(),
      gauge('sidewarden_resident_memory_bytes', 'Resident memory of the sidecar itself.', rssBytes()),
    ]);
  };

  async function measure(services: ServiceStatus[], signal: AbortSignal): Promise<(FamilyUsage | null)[]> {
    const running = services.flatMap(({ process }) => (process === null ? [] : [process]));
    if (running.length === 0) return [];
    const leaders = running.map(({ pid, identity }) => ({ pid, identity, group: usageOf(pid) ?? null }));
    const { families } = await pool.run('sampleFamilies', { leaders }, { signal });
    const byIdentity = new Map(running.map(({ identity }, index) => [identity, families[index] ?? null]));
    return services.map(({ process }) => (process === null ? null : (byIdentity.get(process.identity) ?? null)));
  }
}
