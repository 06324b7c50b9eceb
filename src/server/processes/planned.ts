import type { Glimpse, Rung } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import { isPosix } from '../os/posix.ts';
import { type KillOptions, type PlainOutcome, subject } from './kill.ts';

export const plannedOutcome = (info: Glimpse): PlainOutcome => ({ process: subject(info), outcome: 'planned', elapsedMs: 0 });

/** Says of those that are planned how each would be ended. */
export async function foretell(pool: Pick<Pool, 'run'>, outcomes: PlainOutcome[], options: KillOptions): Promise<PlainOutcome[]> {
  const planned = outcomes.filter(({ outcome }) => outcome === 'planned');
  if (isPosix || planned.length === 0) return outcomes.map((one) => (planned.includes(one) ? { ...one, ...bySignal(options) } : one));
  const rungs = await pool.run('foreseeRungs', { pids: planned.map(({ process: { pid } }) => pid) });
  return outcomes.map((one) => (planned.includes(one) ? { ...one, ...withoutSignals(rungs[planned.indexOf(one)] ?? null, options) } : one));
}

type Forecast = Pick<PlainOutcome, 'rung' | 'signal' | 'reason'>;

const bySignal = ({ signal, force }: KillOptions): Forecast => ({
  rung: 'signal',
  signal,
  reason: force ? `${signal}, then SIGKILL.` : `${signal}, and no force.`,
});

/** What Windows would do to one that would first be tried to be asked in this way. */
export function withoutSignals(rung: Rung | null, { signal, force }: KillOptions): Forecast {
  if (signal === 'SIGKILL') return { ...terminated, reason: 'TerminateProcess.' };
  const then = force ? 'then TerminateProcess' : 'and no force';
  switch (rung) {
    case 'ctrlBreak': {
      const otherwise = `else WM_CLOSE if it has windows, ${force ? 'or TerminateProcess at once' : 'or nothing'}`;
      return { rung, signal, reason: `Ctrl-Break, if only what is ended here uses its console, ${then}; ${otherwise}.` };
    }
    case 'wmClose':
      return { rung, signal, reason: `WM_CLOSE to its windows, ${then}.` };
    default:
      if (!force) return { reason: `Nothing: ${noWay}, and force is not wanted.` };
      return { ...terminated, reason: `TerminateProcess at once: ${noWay}.` };
  }
}

const terminated = { rung: 'terminate', signal: 'SIGKILL' } as const;
const noWay = 'it has neither a console nor a window by which Windows could ask it';
