import { readFile } from 'node:fs/promises';
import { parseProcStat } from '../../workers/platform/parse/procStat.ts';

/** A process as a shell can tell it from another: by when it started, in clock ticks since boot (Linux) or seconds (macOS). */
export interface TickMark {
  pid: number;
  startTicks: number;
}

/** Null for a process that is gone. */
export type ReadTicks = (pid: number) => Promise<TickMark | null>;

/** For Linux. */
export async function readTicks(pid: number): Promise<TickMark | null> {
  const stat = await readFile(`/proc/${pid}/stat`).then(parseProcStat, () => null);
  return stat === null ? null : { pid, startTicks: stat.startTicks };
}
