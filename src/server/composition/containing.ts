import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { readTicks } from '../os/ticks.ts';
import { createContainment } from '../supervisor/containment/containment.ts';
import { createGuard } from '../supervisor/containment/guard.ts';
import type { AppSystem } from './system.ts';

export interface ContainingParts {
  system: AppSystem;
  /** Where cgroups may be made; null for nowhere. */
  cgroupDirectory: string | null;
  /** guard.sh */
  guardScript: URL;
  path: string | undefined;
  clock: Clock;
  log: Log;
}

export type Containing = ReturnType<typeof createContaining>;

/** What holds the services of all connections together, and ends them if this process cannot. */
export function createContaining({ system, cgroupDirectory, guardScript, path = '/usr/bin:/bin', clock, log }: ContainingParts) {
  let hostPid: number | null = null;
  const guard = createGuard({
    readScript: () => readFile(guardScript, 'utf8'),
    async watched() {
      const sidecar = await readTicks(system.pid);
      if (sidecar === null) throw new Error('this sidecar cannot see itself');
      return { sidecar, host: hostPid === null ? null : await readTicks(hostPid) };
    },
    path,
    clock,
    log,
  });
  const cgroups = cgroupDirectory === null ? null : join(cgroupDirectory, `sidewarden-${system.pid}-${system.startedAt.toString(36)}`);
  return {
    guard,
    containment: createContainment({ guard, cgroups, log }),
    /** The guard watches this one too, in case we hang when it ends. Before the first service. */
    setHost(pid: number) {
      hostPid = pid;
    },
  };
}
