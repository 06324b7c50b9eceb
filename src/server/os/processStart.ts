import { readFile } from 'node:fs/promises';
import { parseProcStat } from '../../workers/platform/parse/procStat.ts';
import { errnoOf } from './program.ts';

/** Whose child a process is, and when it started: in a unit of the system’s own, only to be compared. */
export interface ProcessStart {
  ppid: number;
  start: number;
}

/** `gone` where there is no such process; null when it could not be read, which says nothing about the process. */
export type ReadStart = (pid: number) => Promise<ProcessStart | 'gone' | null>;

/** On Linux /proc tells it in one read, without any of what else there is to know. */
export const readProcStart: ReadStart = async (pid) => {
  try {
    const stat = parseProcStat(await readFile(`/proc/${pid}/stat`));
    return stat === null ? null : { ppid: stat.ppid, start: stat.startTicks };
  } catch (error) {
    return ['ENOENT', 'ESRCH'].includes(errnoOf(error) ?? '') ? 'gone' : null;
  }
};
