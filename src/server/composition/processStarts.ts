import type { Processes, SupportedPlatform } from '../../workers/platform/types.ts';
import { type ReadStart, readProcStart } from '../os/processStart.ts';
import type { ReadTicks } from '../os/ticks.ts';

/** How the start of a process is read beside the pool: from /proc where there is one, else as the platform tells it. */
export interface ProcessStarts {
  readStart: ReadStart;
  /** In the unit in which the shell of the guard compares. */
  readTicks: ReadTicks;
}

export function createProcessStarts(platform: NodeJS.Platform, processes: Pick<Processes, 'glimpse'>): ProcessStarts {
  const create = systems[platform as SupportedPlatform];
  return create === undefined ? fromProc : create(processes);
}

const fromProc = withTicks(readProcStart, (ticks) => ticks);

const systems: Record<SupportedPlatform, (processes: Pick<Processes, 'glimpse'>) => ProcessStarts> = {
  linux: () => fromProc,
  darwin: fromPlatform,
  win32: fromPlatform,
};

function fromPlatform(processes: Pick<Processes, 'glimpse'>): ProcessStarts {
  const readStart: ReadStart = async (pid) => {
    try {
      const found = await processes.glimpse(pid);
      return found === null ? 'gone' : { ppid: found.ppid, start: found.startedAt };
    } catch {
      return null;
    }
  };
  // ps(1), which the shell asks, tells seconds.
  return withTicks(readStart, (startedAt) => Math.floor(startedAt / 1_000));
}

function withTicks(readStart: ReadStart, toTicks: (start: number) => number): ProcessStarts {
  return {
    readStart,
    async readTicks(pid) {
      const found = await readStart(pid);
      return found === null || found === 'gone' ? null : { pid, startTicks: toTicks(found.start) };
    },
  };
}
