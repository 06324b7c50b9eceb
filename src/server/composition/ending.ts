import type { Clock } from '../../clock.ts';
import type { ProcessLog } from '../../log.ts';
import type { CallHost } from '../context.ts';
import type { Instances } from '../instance/instances.ts';
import type { Leases } from '../ports/leases.ts';
import { createShutdown, type ShutdownTask } from '../shutdown/coordinator.ts';
import { createShutdownHandlers } from '../shutdown/handlers.ts';
import type { Clients } from './clients.ts';

export interface EndingParts {
  clients: Clients;
  leases: Leases;
  instances: Pick<Instances, 'beginClosing' | 'list'>;
  callHost: CallHost;
  log: ProcessLog;
  clock: Clock;
}

/** What a shutdown has to end, and in which order. */
export function createEnding({ clients, leases, instances, callHost, log, clock }: EndingParts) {
  const shutdownHandlers = createShutdownHandlers(callHost);
  const shutdown = createShutdown({
    handlers: shutdownHandlers.groups,
    services: {
      close: () => together(clients.all().map(({ services }) => services.close())).map((group) => group.map((one) => task('service', one))),
      reopen() {
        for (const { services } of clients.all()) services.reopen();
      },
      longestGraceMs: () => Math.max(0, ...clients.all().map(({ services }) => services.longestGraceMs())),
    },
    holdings: () => holdings(),
    log: task('log', { name: 'log', end: flushLogs }),
    onLeaving: () => instances.beginClosing(),
    clock,
  });
  return { shutdownHandlers, shutdown };

  /** The next instance wants our ports, so they go before the locks for which it waits. */
  function* holdings(): Generator<ShutdownTask[]> {
    yield [task('lease', { name: 'ports', end: endPorts })];
    yield instances.list().map(({ name, release }) => task('lock', { name, end: release }));
  }

  async function flushLogs(): Promise<void> {
    await Promise.all(clients.all().map(({ outputs }) => outputs.close()));
    await log.flush();
  }

  async function endPorts(): Promise<void> {
    leases.close();
    await Promise.all(clients.all().map(({ registrations }) => registrations.close()));
  }
}

type Endable = { name: string; end: (...args: Parameters<ShutdownTask['end']>) => Promise<void> };

function task(kind: ShutdownTask['kind'], { name, end }: Endable): ShutdownTask {
  return {
    kind,
    name,
    async end(deadline) {
      await end(deadline);
      return null;
    },
  };
}

/** The groups of each connection, side by side. */
function together<One>(lists: One[][][]): One[][] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, place) => lists.flatMap((groups) => groups[place] ?? []));
}
