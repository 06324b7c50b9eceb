import type { ServiceStatus } from '../../protocol/types/service.ts';
import type { FamilyUsage } from '../../workers/tasks/sampleFamilies.ts';
import type { Family } from './family.ts';

/** A service as it stands, and what its processes use; null where that is not known. */
export interface MeasuredService {
  status: ServiceStatus;
  usage: FamilyUsage | null;
}

/** The families that tell of services; one that is not running has no lifetime and uses nothing. */
export function serviceFamilies(services: MeasuredService[], now: number): Family[] {
  const perService = (
    name: string,
    help: string,
    read: (service: MeasuredService) => number | null,
    type: Family['type'] = 'gauge',
  ): Family => ({
    name,
    type,
    help,
    samples: services.flatMap((service) => {
      const value = read(service);
      return value === null ? [] : [{ labels: labelsOf(service.status), value }];
    }),
  });
  return [
    perService('sidewarden_service_up', 'Its process runs.', ({ status }) => Number(status.state === 'running')),
    perService('sidewarden_service_ready', 'It runs, and its readiness probe has passed.', ({ status }) => Number(status.ready)),
    perService('sidewarden_service_healthy', 'It runs, and its liveness probe does not fail.', ({ status }) => Number(status.healthy)),
    perService('sidewarden_service_restarts', 'Starts that followed an end of its own.', ({ status }) => status.restarts, 'counter'),
    perService('sidewarden_service_lifetime_seconds', 'Since its process was started.', ({ status: { process } }) =>
      process === null ? null : Math.max(0, now - process.startedAt) / 1_000,
    ),
    ...usageFamilies.map(([name, help, read]) =>
      perService(`sidewarden_service_${name}`, `${help}, of its process and all that belong to it.`, ({ usage }) => usage && read(usage)),
    ),
    ...usageFamilies.map(([name, help, read]) =>
      perGroup(`sidewarden_group_${name}`, `${help}, of all services of the group.`, services, read),
    ),
  ];
}

type ReadUsage = (usage: FamilyUsage) => number;

const usageFamilies: [string, string, ReadUsage][] = [
  ['processes', 'Processes that live now', ({ processes }) => processes],
  ['cpu_seconds', 'CPU time, in a cgroup or job object with that of processes that have ended', ({ cpuMs }) => cpuMs / 1_000],
  ['resident_memory_bytes', 'Resident memory', ({ rssBytes }) => rssBytes],
];

function perGroup(name: string, help: string, services: MeasuredService[], read: ReadUsage): Family {
  const sums = new Map<string, number>();
  for (const { status, usage } of services) {
    if (status.group !== undefined && usage !== null) sums.set(status.group, (sums.get(status.group) ?? 0) + read(usage));
  }
  return { name, type: 'gauge', help, samples: [...sums].map(([group, value]) => ({ labels: { group }, value })) };
}

const labelsOf = ({ name, group }: ServiceStatus): Record<string, string> => ({ service: name, ...(group !== undefined && { group }) });
