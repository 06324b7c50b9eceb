import { expect, test } from 'vitest';
import { type ParsedFamily, parseOpenMetrics } from '../harness/openMetrics.ts';
import { findFreePort } from '../harness/ports.ts';
import { startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

test('tells of services, groups, ports, requests and itself, in a format that can be read back', async () => {
  await using sidecar = await startSidecar();
  const read = async () => parseOpenMetrics((await sidecar.call('metrics/get', {})).openmetrics);
  await sidecar.call('port/register', { port: await findFreePort(), name: 'web "1"' });
  for (const name of ['api "one"', 'two']) {
    const args = ['-c', 'sleep 300 & exec sleep 300'];
    await sidecar.call('service/start', { spec: { name, group: 'web', command: 'sh', args } });
  }
  await sidecar.call('service/stop', { name: 'two' });
  await sidecar.request('port/check', { port: 'http' });

  const families = await until(async () => {
    const found = await read();
    return sampleValue(found, 'sidewarden_service_processes', { service: 'api "one"' }) === 2 ? found : null;
  }, 'both processes of the service');
  const value = (name: string, labels: Record<string, string> = {}) => sampleValue(families, name, labels);
  const api = { service: 'api "one"', group: 'web' };
  expect(value('sidewarden_service_up', api)).toBe(1);
  expect(value('sidewarden_service_up', { service: 'two' })).toBe(0);
  expect(value('sidewarden_service_restarts_total', api)).toBe(0);
  expect(value('sidewarden_service_lifetime_seconds', api)).toBeGreaterThanOrEqual(0);
  expect(value('sidewarden_service_lifetime_seconds', { service: 'two' })).toBeUndefined();
  expect(value('sidewarden_service_resident_memory_bytes', api)).toBeGreaterThan(100_000);
  expect(value('sidewarden_group_processes', { group: 'web' })).toBe(2);
  expect(value('sidewarden_managed_ports')).toBe(1);
  expect(value('sidewarden_requests_total', { method: 'port/check', outcome: 'InvalidParams' })).toBe(1);
  expect(value('sidewarden_requests_total', { method: 'service/start', outcome: 'ok' })).toBe(2);
  expect(value('sidewarden_request_duration_seconds_count', { method: 'service/start' })).toBe(2);
  expect(value('sidewarden_request_duration_seconds_bucket', { method: 'service/start', le: '+Inf' })).toBe(2);
  expect(value('sidewarden_pool_queued')).toBe(0);
  expect(value('sidewarden_resident_memory_bytes')).toBeGreaterThan(10_000_000);
  await until(
    async () => sampleValue(await read(), 'sidewarden_event_loop_lag_seconds', { quantile: '0.99' }) !== undefined,
    'a look at the event loop',
  );
});

test('counts what left its session and what has ended, where a cgroup holds the service', async (context) => {
  await using sidecar = await startSidecar();
  const burn = 'n=0; while [ $n -lt 300000 ]; do n=$((n+1)); done';
  const script = `sh -c '${burn}'; (setsid sleep 300 &); exec sleep 300`;
  const { service } = await sidecar.call('service/start', { spec: { name: 'api', command: 'sh', args: ['-c', script] } });
  context.skip(service.containment !== 'cgroup', 'needs a cgroup');
  const read = async () => parseOpenMetrics((await sidecar.call('metrics/get', {})).openmetrics);
  const families = await until(async () => {
    const found = await read();
    return sampleValue(found, 'sidewarden_service_processes', { service: 'api' }) === 2 ? found : null;
  }, 'the one in a session of its own');
  // Those two have done nothing but sleep.
  expect(sampleValue(families, 'sidewarden_service_cpu_seconds', { service: 'api' })).toBeGreaterThan(0.05);
});

function sampleValue(families: ParsedFamily[], name: string, labels: Record<string, string>): number | undefined {
  const samples = families.flatMap((family) => family.samples).filter((sample) => sample.name === name);
  return samples.find((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))?.value;
}
