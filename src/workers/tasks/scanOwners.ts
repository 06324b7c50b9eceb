import { takeCandidates } from '../candidates.ts';
import type { MaybePromise, OwnerScan, Platform } from '../platform/types.ts';

export interface ScanShare {
  /** The sockets to look for. */
  keys: number[];
  /** From `shareCandidates`; every thread that gets it takes its share of the pids. */
  work: SharedArrayBuffer;
}

/** One thread’s share of a look through the descriptors of all processes; join the shares of all threads. */
export function scanOwners({ keys, work }: ScanShare, { sockets }: Platform): MaybePromise<OwnerScan> {
  return sockets.scanOwners(new Set(keys), takeCandidates(work));
}
