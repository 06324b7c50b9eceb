import type { Asked, Platform, Rung, Way } from '../platform/types.ts';

/** Asks processes to end where there is no signal for it; the way in which each was asked, or null. */
export function askProcesses(asked: Asked, { signals }: Platform): (Rung | null)[] {
  return signals.asking?.ask(asked) ?? asked.targets.map(() => null);
}

/** For a dry run: the ways in which each of these would be asked, where this system has no signals; none where there is none. */
export function foreseeWays({ pids }: { pids: number[] }, { signals }: Platform): Way[][] {
  return pids.map((pid) => signals.asking?.foresee(pid) ?? []);
}
