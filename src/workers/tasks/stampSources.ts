import { type Sources, stampOf } from '../evidence.ts';

/** What the sources are like now. */
export function stampSources({ sources }: { sources: Sources }): string {
  return stampOf(sources);
}
