import type { Family } from './family.ts';

/** The families as OpenMetrics text. prom-client writes it; loaded with the first question, as most hosts never ask. */
export async function writeOpenMetrics(families: Family[]): Promise<string> {
  const { default: prometheus } = await import('prom-client');
  const registry = new prometheus.Registry();
  registry.setContentType(prometheus.Registry.OPENMETRICS_CONTENT_TYPE as never);
  for (const family of families) registry.registerMetric(asMetric(family) as never);
  return registry.metrics();
}

/** What the registry asks of a metric (prom-client, lib/registry.js): our numbers are kept elsewhere. */
function asMetric({ name, type, help, samples }: Family) {
  const values = samples.map(({ suffix, labels = {}, value }) => ({
    labels,
    value,
    ...(suffix !== undefined && { metricName: name + suffix }),
  }));
  return { name, get: async () => ({ name, type, help, values, aggregator: 'sum' }) };
}
