import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { createPlatform } from '../../workers/platform/index.ts';
import type { PlatformCapabilities } from '../../workers/platform/types.ts';
import { createPool } from '../../workers/pool.ts';
import { createWaiter } from '../../workers/waiter.ts';
import { createFreeMemoryAfterThreads } from '../os/freeMemory.ts';
import { createOwnerFinder } from '../ports/owners.ts';
import { createPortQuestions } from '../ports/questions.ts';
import { createPortWatch } from '../ports/watching.ts';
import { createProcessQuestions } from '../processes/questions.ts';
import { createProcessWatch } from '../processes/watching.ts';
import type { AppSystem } from './system.ts';

export interface LookingParts {
  system: AppSystem;
  native: boolean;
  /** Whether cgroups may be made, where the system allows it. */
  cgroups: boolean;
  jobWorker: URL;
  clock: Clock;
  log: Log;
}

const idleThreadsEndAfterMs = 10_000;

export type Looking = ReturnType<typeof createLooking>;

/** All that only looks: the platform, the threads in which it is asked, who waits for ends, and the questions that stand on them. */
export function createLooking({ system, native, cgroups, jobWorker, clock, log }: LookingParts) {
  const platform = createPlatform(system.platform, { native });
  const found = platform.probeCapabilities();
  const capabilities = cgroups ? found : withoutCgroups(found);
  const pool = createPool({
    platformName: system.platform,
    native,
    threads: system.threads,
    idleTimeoutMs: idleThreadsEndAfterMs,
    onThreadsEnd: createFreeMemoryAfterThreads({ native, platform: system.platform, clock }),
    entry: jobWorker,
    clock,
    log,
  });
  const waiter = createWaiter({ native: capabilities.native, platform: system.platform, clock });
  const ports = createPortQuestions({
    pool,
    findOwners: createOwnerFinder(pool),
    isSurelyFree: platform.sockets.isSurelyFree,
    seesAllOwners: capabilities.portOwners === 'all',
  });
  const processes = createProcessQuestions(pool, waiter, clock);
  const watches = { port: createPortWatch(pool, ports, { clock, log }), process: createProcessWatch(pool, waiter, { clock, log }) };
  return { platform, capabilities, pool, waiter, ports, processes, watches };
}

function withoutCgroups(found: PlatformCapabilities): PlatformCapabilities {
  return { ...found, cgroupDirectory: null, containment: found.containment.filter((kind) => kind !== 'cgroup') };
}
