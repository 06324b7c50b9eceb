import type { Handlers } from '../context.ts';
import type { ReadMetrics } from '../metrics/metrics.ts';

export function metricsHandlers(readMetrics: ReadMetrics): Pick<Handlers, 'metrics/get'> {
  return {
    'metrics/get': async (_params, { connectionId, signal }) => ({ openmetrics: await readMetrics(connectionId, signal) }),
  };
}
