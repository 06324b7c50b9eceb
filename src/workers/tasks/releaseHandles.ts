import type { Platform } from '../platform/types.ts';
import type { RecordedProcess } from '../signalRecord.ts';

/** Lets go of handles that an earlier step of a ladder took, and continues whom a step that failed had stopped. */
export function releaseHandles(
  { handles, abandoned = [] }: { handles: number[]; abandoned?: RecordedProcess[] },
  { signals }: Platform,
): null {
  for (const process of abandoned) if (process.isFrozen) signals.send(process, 'SIGCONT');
  for (const handle of handles) signals.release(handle);
  return null;
}
