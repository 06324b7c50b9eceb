import type { MaybePromise } from './types.ts';

/** All processes, and when they were so, by a monotonic clock that all threads share. */
export interface Reading<Row> {
  rows: Row[];
  atMs: number;
}

/** One reading of a list serves whoever asks right behind it, or while it is under way; whoever asks later gets one of that later time. */
export function shareReading<Row>(list: () => MaybePromise<Row[]>): () => Promise<Reading<Row>> {
  let latest: Promise<Reading<Row>> | null = null;
  let endedMs = Number.NEGATIVE_INFINITY;
  const read = async () => ({ rows: await list(), atMs: monotonicMs() });
  return () => {
    if (latest !== null && monotonicMs() - endedMs <= sharedReadingMs) return latest;
    endedMs = Number.POSITIVE_INFINITY;
    latest = read().finally(() => {
      endedMs = monotonicMs();
    });
    return latest;
  };
}
const sharedReadingMs = 5;

/** The same in every thread, where performance.now() begins with the thread. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1_000_000;
