import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { Pool } from '../../../workers/pool.ts';
import type { Knock } from '../../os/knock.ts';
import type { PortQuestions } from '../../ports/questions.ts';
import type { Kill } from '../../processes/kill.ts';
import type { Run } from '../runTypes.ts';
import type { GatherSpared } from '../spared.ts';
import type { FindStarted } from '../started.ts';

/** What one question has found out. */
export type Answer = { kind: 'success' } | { kind: 'failure'; why: string };

/** Asks once. Aborting the signal ends the question, with whatever it has started; what it then answers does not count. */
export type Ask = (signal: AbortSignal) => Promise<Answer>;

export interface ProbeParts {
  pool: Pool;
  kill: Kill;
  gatherSpared: GatherSpared;
  findStarted: FindStarted;
  ports: Pick<PortQuestions, 'find'>;
  knock: Knock;
  clock: Clock;
  log: Log;
}

/** The run that a question is about. */
export type ProbedRun = Pick<Run, 'spec' | 'ports' | 'startId' | 'process' | 'spawnBeside'>;

export const success: Answer = { kind: 'success' };

export const failure = (why: string): Answer => ({ kind: 'failure', why });

export const gaveUp = failure('the question was given up');

/** Resolves when the question is given up. */
export function givenUp(signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(gaveUp);
    else signal.addEventListener('abort', () => resolve(gaveUp), { once: true });
  });
}

/** The symbol of what went wrong, or its sentence. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}
