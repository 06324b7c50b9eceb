import type { Clock } from '../../../clock.ts';
import { createLogBatches, type LogBatches } from './batches.ts';
import type { Outputs } from './outputs.ts';
import type { LogLine } from './ring.ts';

/** Tells what services write from now on, in batches, until the signal is aborted. Without names: all of them, and those to come. */
export type WatchLogs = (
  query: { services: string[] | undefined },
  tell: (payload: { name: string; lines: LogLine[] }) => void,
  signal: AbortSignal,
) => void;

export function createLogWatch(outputs: Outputs, clock: Clock): WatchLogs {
  return function watchLogs({ services }, tell, signal) {
    if (signal.aborted) return;
    const wanted = services === undefined ? null : new Set(services);
    const batches = new Map<string, LogBatches>();
    const forget = outputs.onLine((name, line) => {
      if (wanted !== null && !wanted.has(name)) return;
      const batch = batches.get(name) ?? createLogBatches((lines) => tell({ name, lines }), clock);
      batches.set(name, batch);
      batch.add(line);
    });
    signal.addEventListener(
      'abort',
      () => {
        forget();
        for (const batch of batches.values()) batch.close();
      },
      { once: true },
    );
  };
}
