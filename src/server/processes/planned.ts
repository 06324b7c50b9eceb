import type { Glimpse, Way } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import { isPosix } from '../os/posix.ts';
import { type KillOptions, type PlainOutcome, subject } from './kill.ts';

export const plannedOutcome = (info: Glimpse): PlainOutcome => ({ process: subject(info), outcome: 'planned', elapsedMs: 0 });

/** Says of those that are planned how each would be ended. */
export async function foretell(pool: Pick<Pool, 'run'>, outcomes: PlainOutcome[], options: KillOptions): Promise<PlainOutcome[]> {
  const planned = outcomes.filter(({ outcome }) => outcome === 'planned');
  if (isPosix || planned.length === 0) return outcomes.map((one) => (planned.includes(one) ? { ...one, ...bySignal(options) } : one));
  const ways = await pool.run('foreseeWays', { pids: planned.map(({ process: { pid } }) => pid) });
  return outcomes.map((one) => (planned.includes(one) ? { ...one, ...withoutSignals(ways[planned.indexOf(one)] ?? [], options) } : one));
}

type Forecast = Pick<PlainOutcome, 'rung' | 'signal' | 'reason'>;

const bySignal = ({ signal, force }: KillOptions): Forecast => ({
  rung: 'signal',
  signal,
  reason: force ? `${signal}, then SIGKILL.` : `${signal}, and no force.`,
});

/** What Windows would do to one that would be tried to be asked in these ways. */
export function withoutSignals(ways: readonly Way[], { signal, force }: KillOptions): Forecast {
  if (signal === 'SIGKILL') return { ...terminated, reason: 'TerminateProcess.' };
  const [first, second] = ways;
  const then = force ? 'then TerminateProcess' : 'and no force';
  const otherwise = force ? 'TerminateProcess at once' : 'nothing';
  if (first === undefined) {
    if (!force) return { reason: `Nothing: ${noWay}, and force is not wanted.` };
    return { ...terminated, reason: `TerminateProcess at once: ${noWay}.` };
  }
  const { rung } = first;
  if (rung === 'wmClose' && first.isSure) return { rung, signal, reason: `WM_CLOSE to its windows, ${then}.` };
  if (rung === 'wmClose') return { rung, signal, reason: `WM_CLOSE, if it has windows, ${then}; else ${otherwise}.` };
  const asked = 'Ctrl-Break, if only what is ended here uses its console,';
  if (second === undefined) return { rung, signal, reason: `${asked} ${then}; else ${otherwise}.` };
  return { rung, signal, reason: `${asked} and WM_CLOSE to its windows when half of the grace is over, or else at once; ${then}.` };
}

const terminated = { rung: 'terminate', signal: 'SIGKILL' } as const;
const noWay = 'it has neither a console nor a window by which Windows could ask it';
