import { type Ground, type Sources, stampOf } from '../evidence.ts';
import type { Platform } from '../platform/types.ts';
import { increase, type SharedCount } from '../sharedCount.ts';

/** Takes note of what the sources are like now, before they are read: by watching them where the system can. Hand the descriptor back the next time. */
export function groundEvidence(
  { sources, beginnings, descriptor: before }: { sources: Sources; beginnings: SharedCount; descriptor: number | null },
  { fileChanges }: Platform,
): { ground: Ground; descriptor: number | null } {
  // Before the watch forgets, so that what rests on an earlier one does not stand because of that.
  const beginning = increase(beginnings);
  const { descriptor, isWhole } = fileChanges?.watch(sources, before) ?? { descriptor: before, isWhole: false };
  const { places } = sources;
  if (descriptor === null || !isWhole) return { descriptor, ground: { kind: 'stamped', sources, stamp: stampOf(sources) } };
  return { descriptor, ground: { kind: 'watched', descriptor, beginnings, beginning, places, stamp: stampOf({ places }) } };
}
