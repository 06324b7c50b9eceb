import { describe, expect, test } from 'vitest';
import { createEventLoopLag } from '../../src/server/metrics/eventLoopLag.ts';
import { writeOpenMetrics } from '../../src/server/metrics/exposition.ts';
import { gauge } from '../../src/server/metrics/family.ts';
import { createRequestMetrics } from '../../src/server/metrics/requestMetrics.ts';
import { createFakeClock } from '../harness/fakeClock.ts';
import { parseOpenMetrics } from '../harness/openMetrics.ts';
import { until } from '../harness/until.ts';

const written = async (...families: Parameters<typeof writeOpenMetrics>[0]) => parseOpenMetrics(await writeOpenMetrics(families));

test('requests are counted by outcome, and their durations fall into cumulative buckets', async () => {
  const requests = createRequestMetrics();
  for (const durationMs of [0.1, 0.9, 1, 70, 45_000]) requests.observe({ method: 'port/find', outcome: 'ok', durationMs });
  requests.observe({ method: 'port/find', outcome: 'InvalidParams', durationMs: 0.2 });
  requests.observe({ method: 'sidecar/ping', outcome: 'ok', durationMs: 0.2 });
  const [counts, durations] = await written(...requests.families());
  expect(counts).toMatchObject({ name: 'sidewarden_requests', type: 'counter' });
  expect(counts?.samples).toEqual([
    { name: 'sidewarden_requests_total', labels: { method: 'port/find', outcome: 'ok' }, value: 5 },
    { name: 'sidewarden_requests_total', labels: { method: 'port/find', outcome: 'InvalidParams' }, value: 1 },
    { name: 'sidewarden_requests_total', labels: { method: 'sidecar/ping', outcome: 'ok' }, value: 1 },
  ]);
  const find = (durations?.samples ?? []).filter(({ labels }) => labels['method'] === 'port/find');
  const bucket = (le: string) => find.find(({ labels }) => labels['le'] === le)?.value;
  expect([bucket('0.0005'), bucket('0.001'), bucket('0.05'), bucket('0.1'), bucket('30.0'), bucket('+Inf')]).toEqual([2, 4, 4, 5, 5, 6]);
  expect(find.find(({ name }) => name.endsWith('_count'))?.value).toBe(6);
  expect(find.find(({ name }) => name.endsWith('_sum'))?.value).toBeCloseTo(45.0722, 6);
});

test('whatever a service is called comes back, and a number that is not known is not told', async () => {
  const name = 'say "hi"\\\nand\\n 世界';
  const [up, none] = await written(
    { name: 'x_up', type: 'gauge', help: 'Up.\nReally.', samples: [{ labels: { service: name }, value: 1 }] },
    gauge('x_bytes', 'Bytes.', null),
  );
  expect(up?.samples).toEqual([{ name: 'x_up', labels: { service: name }, value: 1 }]);
  expect(none).toMatchObject({ name: 'x_bytes', type: 'gauge', samples: [] });
});

describe('the lag of the event loop', () => {
  test('is known from the second question on, and forgotten when nobody asks', async () => {
    const clock = createFakeClock();
    const lag = createEventLoopLag(clock);
    expect(lag().samples).toEqual([]);
    const samples = await until(() => {
      const { samples: found } = lag();
      return found.length > 0 ? found : null;
    }, 'the first look');
    expect(samples.map(({ labels }) => labels?.['quantile'])).toEqual(['0.5', '0.99', '1']);
    for (const { value } of samples) expect(value).toBeGreaterThanOrEqual(0);
    clock.advance(300_000);
    expect(lag().samples).toEqual([]);
    clock.advance(300_000);
    expect(clock.timers).toBe(0);
  });
});
