import type { Placement, Platform } from '../platform/types.ts';
import { orHidden } from './target.ts';

/** The containers and units of processes; one that is gone or hidden is left out. */
export async function placeProcesses(
  { pids }: { pids: number[] },
  { processes }: Platform,
): Promise<{ placements: { pid: number; placement: Placement }[] }> {
  const placements: { pid: number; placement: Placement }[] = [];
  for (const pid of pids) {
    const placement = await orHidden(() => processes.readPlacement(pid));
    if (placement !== null && placement !== 'hidden') placements.push({ pid, placement });
  }
  return { placements };
}
