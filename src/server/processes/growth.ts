import type { Pool } from '../../workers/pool.ts';
import { createCount, writeCount } from '../../workers/sharedCount.ts';
import type { Growth, GrowthQuestion } from '../../workers/tasks/growthQuestion.ts';
import type { TaskInput } from '../../workers/tasks/index.ts';

/** Finds who has joined a tree since the last look. */
export type Grow = (question: GrowthQuestion) => Promise<Growth>;

/** Reading how all processes are related is what a look costs, so all kills under way share one; the next begins when it is over. */
export function createGrow(pool: Pool): Grow {
  // A step that others wait for stays no longer than it must.
  const count = createCount();
  let waiting: { question: GrowthQuestion; answer: PromiseWithResolvers<Growth> }[] = [];
  let isLooking = false;

  return function grow(question) {
    const answer = Promise.withResolvers<Growth>();
    waiting.push({ question, answer });
    writeCount(count, waiting.length);
    if (!isLooking) void lookForAll();
    return answer.promise;
  };

  async function lookForAll(): Promise<void> {
    isLooking = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      writeCount(count, 0);
      try {
        const step = { questions: batch.map(({ question }) => question), waiting: count };
        // A thread that dies midway is replaced, and the step taken up where its records end.
        const growths = await pool.run('growTrees', step).catch(() => tryAgain(step));
        for (const [index, { answer }] of batch.entries()) answer.resolve(growths[index] as Growth);
      } catch (error) {
        for (const { answer } of batch) answer.reject(error);
      }
    }
    isLooking = false;
  }

  async function tryAgain(step: TaskInput<'growTrees'>): Promise<Growth[]> {
    const growths = await pool.run('growTrees', step);
    return growths.map((growth) => ({ ...growth, isSecondTry: true }));
  }
}
