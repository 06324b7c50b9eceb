import type { Asked, Platform, Rung } from '../platform/types.ts';

/** Asks processes to end where there is no signal for it; the way in which each was asked, or null. */
export function askProcesses(asked: Asked, { signals }: Platform): (Rung | null)[] {
  return signals.asking?.ask(asked) ?? asked.targets.map(() => null);
}

/** For a dry run: the rung of the ladder that each of these would get first, where this system has no signals; null for none. */
export function foreseeRungs({ pids }: { pids: number[] }, { signals }: Platform): (Rung | null)[] {
  return pids.map((pid) => signals.asking?.foresee(pid) ?? null);
}
