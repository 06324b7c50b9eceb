import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Pool } from '../../workers/pool.ts';
import type { Started } from '../../workers/tasks/findStarted.ts';
import { askTogether } from './askTogether.ts';

/** Finds the living processes that belong to a start. */
export type FindStarted = (started: Started) => Promise<ProcessInfo[]>;

/** Looking at every process is what it costs, however many starts are asked for. */
export function createFindStarted(pool: Pool): FindStarted {
  return askTogether(async (started) => {
    const found = await pool.run('findStarted', { started });
    return started.map(({ startId }) => found.filter((one) => one.startId === startId).map(({ process }) => process));
  });
}

/** Says what a process is; null for one that is gone, or that we may not see. */
export type DescribeProcess = (pid: number) => Promise<ProcessInfo | null>;

/** What is told of each that runs takes some 0.3 ms of the event loop. */
const mostDescribed = 8;

/** One thread is enough for a hundred services that start at once. */
export function createDescribeProcess(pool: Pool): DescribeProcess {
  return askTogether(
    async (pids) => (await pool.run('describeProcesses', { targets: pids.map((pid) => ({ pid })) })).processes,
    mostDescribed,
  );
}
