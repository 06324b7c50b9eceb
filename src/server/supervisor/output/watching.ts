import type { Clock } from '../../../clock.ts';
import type { WatchTopic } from '../../events/subscriptions.ts';
import { createLogBatches, type LogBatches } from './batches.ts';
import type { Outputs } from './outputs.ts';

/** Tells what services write from now on, in batches. Without a filter: all of them, and those to come. */
export function createLogWatch(outputsOf: (connectionId: string) => Outputs, clock: Clock): WatchTopic<'event/serviceLog'> {
  return async function watchLogs({ connectionId, filter }, emit, signal) {
    const wanted = filter.services === undefined ? null : new Set(filter.services);
    const batches = new Map<string, LogBatches>();
    const forget = outputsOf(connectionId).onLine((name, line) => {
      if (wanted !== null && !wanted.has(name)) return;
      const batch = batches.get(name) ?? createLogBatches((lines) => emit({ name, lines }), clock);
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
    return null;
  };
}
