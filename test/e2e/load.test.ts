import { expect, test } from 'vitest';
import { randomFrom } from '../harness/random.ts';
import { startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { mixedAsks } from '../soak/load/asks.ts';
import { driveLoad } from '../soak/load/drive.ts';
import { talkative } from '../soak/load/host.ts';

/* How fast, and how large it stays, is for `npm run soak -- load`: here only what is countable counts. */

test('2,000 requests, 64 at a time and in bursts, with cancels and a reader that stops: each has one answer', {
  timeout: 120_000,
}, async () => {
  await using sidecar = await startSidecar({ args: ['--stdio', '--log-level', 'error'] });
  await sidecar.call('events/subscribe', { topics: ['serviceLog'] });
  await sidecar.call('service/start', { spec: talkative });
  const { stdin, stdout } = sidecar;
  const goesOn = (sent: number) => sent < 2_000;
  const tally = await driveLoad({ stdin, stdout, ask: mixedAsks(sidecar.pid), goesOn, random: randomFrom(20_261_128) });

  expect(tally).toMatchObject({ surplus: 0, unanswered: 0, gaps: 0 });
  expect(tally.sent).toBeGreaterThanOrEqual(2_000);
  expect(Object.values(tally.answers).reduce((sum, count) => sum + count, 0)).toBe(tally.sent);
  for (const kind of ['ok', 'RequestCancelled', 'Overloaded', 'InvalidParams', 'MethodNotFound']) {
    expect(tally.answers, kind).toHaveProperty(kind);
  }
  expect(tally.events).toBeGreaterThan(0);
  expect(tally.pauses).toBeGreaterThan(0);
  await until(async () => {
    const { pool, outbound } = await sidecar.call('sidecar/status', {});
    return pool.threads + pool.queued + outbound.queuedBytes === 0;
  }, 'the queues to be empty');
});
