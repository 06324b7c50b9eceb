import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { ProcessMark } from '../ledger/records.ts';
import { startVariable } from '../os/environment.ts';
import { enterJob } from '../os/ownJob.ts';
import { createReaper } from '../os/reaper.ts';
import { createLaunch, createSpawnChild } from '../os/spawn.ts';
import { type Containment, createContainment } from '../supervisor/containment/containment.ts';
import { createGuard } from '../supervisor/containment/guard.ts';
import { createJobContainment } from '../supervisor/containment/jobObject.ts';
import { createOrphans } from '../supervisor/containment/orphans.ts';
import type { Looking } from './looking.ts';
import { createProcessStarts } from './processStarts.ts';
import type { AppSystem } from './system.ts';

export interface ContainingParts {
  system: AppSystem;
  looking: Pick<Looking, 'platform' | 'capabilities'>;
  /** Where it is noted who belongs to what was started. */
  ledgers(): Pick<Ledger, 'recordGuard' | 'recordOrphan'>[];
  /** guard.sh, or guardDarwin.sh */
  guardScript: URL;
  path: string | undefined;
  clock: Clock;
  log: Log;
}

export type Containing = ReturnType<typeof createContaining>;

/** What holds the services of all connections together, and ends them if this process cannot. */
export function createContaining({ system, looking, ledgers, guardScript, path = '/usr/bin:/bin', clock, log }: ContainingParts) {
  let hostPid: number | null = null;
  const { processes } = looking.platform;
  const { readTicks } = createProcessStarts(system.platform, processes);
  const { native } = looking.capabilities;
  const launch = createLaunch({ native, platform: system.platform });
  const spawnChild = createSpawnChild(launch, clock);
  const guard = createGuard({
    readScript: () => readFile(guardScript, 'utf8'),
    async watched() {
      const sidecar = await readTicks(system.pid);
      if (sidecar === null) throw new Error('this sidecar cannot see itself');
      return { sidecar, host: hostPid === null ? null : await readTicks(hostPid) };
    },
    readTicks,
    path,
    spawnChild,
    async onStarted(role, pid) {
      try {
        const identity = await processes.identify(pid);
        if (identity === null || !guard.pids().includes(pid)) return;
        for (const ledger of ledgers()) await ledger.recordGuard(role, { pid, identity });
      } catch (error) {
        log.warn({ err: error, role }, 'what guards our services could not be looked at, so other sidecars do not know to spare it');
      }
    },
    clock,
    log,
  });
  const reaper = createReaper({ native, pid: system.pid });
  const orphans = createOrphans({
    reaper,
    async identify(pid) {
      const identity = await processes.identify(pid);
      return identity === null ? null : { identity, startId: (await processes.readVariable(pid, startVariable))?.value ?? null };
    },
    onFound(startId, orphan) {
      for (const ledger of ledgers()) void ledger.recordOrphan({ startId, orphan });
      void readTicks(orphan.pid).then((mark) => mark !== null && guard.own(startId, mark));
    },
    clock,
    log,
  });
  const { cgroupDirectory } = looking.capabilities;
  const cgroups = cgroupDirectory === null ? null : join(cgroupDirectory, `sidewarden-${system.pid}-${system.startedAt.toString(36)}`);
  return {
    guard,
    reaper,
    spawnChild,
    /** For a program that is started ahead; null where a fork would cost more than that spares. */
    parkingLaunch: native && system.platform === 'linux' ? launch : null,
    containment: system.platform === 'win32' ? containByJob() : createContainment({ guard, orphans, readTicks, cgroups, log }),
    /** The guard watches this one too, in case we hang when it ends. Before the first service. */
    setHost(pid: number) {
      hostPid = pid;
    },
  };

  /** Before anything is started, so that all of it is born inside. */
  function containByJob(): Containment {
    const problem = looking.capabilities.native ? enterJob() : 'there are no native calls';
    if (problem !== null) log.warn({ problem }, 'services cannot be kept together; what they start may outlive this sidecar');
    return createJobContainment({ hasJob: problem === null, identify: identifyAll, log });
  }

  /** Only those of which trees are made. */
  async function identifyAll(pids: readonly number[]): Promise<ProcessMark[]> {
    if (pids.length === 0) return [];
    const counted = await processes.readParents();
    const marks = await Promise.all(
      pids.filter((pid) => counted.has(pid)).map(async (pid) => ({ pid, identity: await processes.identify(pid) })),
    );
    return marks.filter((mark): mark is ProcessMark => mark.identity !== null);
  }
}
