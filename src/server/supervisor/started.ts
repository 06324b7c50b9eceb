import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Pool } from '../../workers/pool.ts';
import type { Started } from '../../workers/tasks/findStarted.ts';

/** Finds the living processes that belong to a start. */
export type FindStarted = (started: Started) => Promise<ProcessInfo[]>;

/** Looking at every process is what it costs, so those who ask while a look is under way share the next one. */
export function createFindStarted(pool: Pool): FindStarted {
  let waiting: { started: Started; answer: PromiseWithResolvers<ProcessInfo[]> }[] = [];
  let isLooking = false;

  return function findStarted(started) {
    const answer = Promise.withResolvers<ProcessInfo[]>();
    waiting.push({ started, answer });
    if (!isLooking) void lookForAll();
    return answer.promise;
  };

  async function lookForAll(): Promise<void> {
    isLooking = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        const found = await pool.run('findStarted', { started: batch.map(({ started }) => started) });
        for (const { started, answer } of batch) {
          answer.resolve(found.filter(({ startId }) => startId === started.startId).map(({ process }) => process));
        }
      } catch (error) {
        for (const { answer } of batch) answer.reject(error);
      }
    }
    isLooking = false;
  }
}
