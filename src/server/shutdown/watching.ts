import type { WatchTopic } from '../events/subscriptions.ts';
import type { Shutdown } from './coordinator.ts';

/** Tells each phase as it begins and each step as it ends. Before a shutdown there is nothing to say. */
export function createShutdownWatch(shutdown: Shutdown): WatchTopic<'event/shutdown'> {
  return async function watchShutdown(_query, emit, signal) {
    signal.addEventListener('abort', shutdown.listen(emit), { once: true });
    return null;
  };
}
