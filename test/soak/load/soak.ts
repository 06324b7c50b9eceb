import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describeMachine } from '../../bench/machine.ts';
import { sidewardenCommand } from '../../harness/sidecar.ts';
import { writeResult } from '../writeResult.ts';
import { echoAsks, mixedAsks } from './asks.ts';
import { type Ask, driveLoad, type Tally } from './drive.ts';
import { openHost } from './host.ts';
import { type Measurement, type SelfMeasuring, spawnSelfMeasuring } from './selfMeasuring.ts';

/**
 * V8 gives a busy program a larger and larger young generation, up to a bound, where pings alone get it within seconds; code that is
 * compiled, and the heaps of the threads, take minutes to have their size.
 */
const sidecarWarmUp = { pingsMs: 15_000, ms: 240_000, requests: 20_000 };
const echoWarmUp = { pingsMs: 15_000, ms: 15_000, requests: 10_000 };
const windowMs = 10_000;
const sampleMs = 2_000;
const megabyte = 1_000_000;
const mostSlope = megabyte;

interface Sample {
  atMs: number;
  rssBytes: number;
  heapBytes: number;
}

/** `npm run soak -- load 60`: a sidecar under load for that many seconds, and behind it a bare echo. */
export async function soakLoad(seconds: number): Promise<void> {
  if (seconds < 3 * (windowMs / 1_000)) throw new Error('Growth shows over 30 s at least.');
  const stateDir = await mkdtemp(join(tmpdir(), 'sidewarden-soak-'));
  const sidecar = spawnSelfMeasuring([...sidewardenCommand(), '--stdio', '--log-level', 'error']);
  const host = await openHost(sidecar.child, stateDir);
  const ours = await play(sidecar, mixedAsks(sidecar.child.pid as number), seconds, sidecarWarmUp);
  const leftOver = await host.leftOver();
  await host.end();
  await rm(stateDir, { recursive: true, force: true });

  const echo = spawnSelfMeasuring([process.execPath, fileURLToPath(new URL('../../bench/peers/bareEcho.mjs', import.meta.url))]);
  const theirs = await play(echo, echoAsks, seconds, echoWarmUp);
  echo.child.stdin?.end();

  const lows = lowsOf(ours.samples, 'rssBytes');
  const slope = slopeOf(lows);
  writeResult('docs/soak.md', 'load', report({ seconds, ours, theirs, lows, slope, leftOver }));
  const { surplus, unanswered, gaps } = ours.tally;
  if (surplus + unanswered + gaps + leftOver > 0) throw new Error('not every request was answered exactly once, or something is left');
  if (slope > mostSlope) throw new Error(`memory grows by ${(slope / megabyte).toFixed(2)} MB a minute`);
}

interface Played {
  tally: Tally;
  samples: Sample[];
  last: Measurement;
  perSecond: number;
}

async function play(program: SelfMeasuring, ask: Ask, seconds: number, warmUp: typeof echoWarmUp): Promise<Played> {
  const { stdin, stdout } = program.child;
  if (stdin === null || stdout === null) throw new Error('it has no pipes');
  const startedAt = performance.now();
  const samples: Sample[] = [];
  const measured = { since: Number.POSITIVE_INFINITY, sentBefore: 0 };
  let sampling: Promise<void> = Promise.resolve();
  const tally = await driveLoad({ stdin, stdout, ask: warmUpFirst, goesOn, random: Math.random });
  await sampling;
  const last = await program.measure();
  return { tally, samples, last, perSecond: (tally.sent - measured.sentBefore) / seconds };

  function warmUpFirst(random: () => number): ReturnType<Ask> {
    return performance.now() - startedAt < warmUp.pingsMs ? echoAsks(random) : ask(random);
  }

  function goesOn(sent: number): boolean {
    const now = performance.now();
    if (measured.since > now && now - startedAt >= warmUp.ms && sent >= warmUp.requests) {
      Object.assign(measured, { since: now, sentBefore: sent });
      sampling = takeSamples(now);
    }
    return now < measured.since + seconds * 1_000;
  }

  async function takeSamples(since: number): Promise<void> {
    for (let next = since; next < since + seconds * 1_000; next += sampleMs) {
      await sleep(Math.max(0, next - performance.now()));
      const atMs = performance.now() - since;
      const { rssBytes, heapBytes } = await program.measure();
      samples.push({ atMs, rssBytes, heapBytes });
    }
  }
}

/** The lowest of each window. */
function lowsOf(samples: Sample[], what: 'rssBytes' | 'heapBytes'): number[] {
  const windows = Map.groupBy(samples, ({ atMs }) => Math.floor(atMs / windowMs));
  return [...windows.values()].filter((window) => window.length > 1).map((window) => Math.min(...window.map((sample) => sample[what])));
}

/** Bytes a minute, by least squares. */
function slopeOf(lows: number[]): number {
  const middle = (lows.length - 1) / 2;
  const mean = lows.reduce((sum, low) => sum + low, 0) / lows.length;
  const up = lows.reduce((sum, low, index) => sum + (index - middle) * (low - mean), 0);
  const across = lows.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  return (up / across) * (60_000 / windowMs);
}

interface Results {
  seconds: number;
  ours: Played;
  theirs: Played;
  lows: number[];
  slope: number;
  leftOver: number;
}

function report({ seconds, ours, theirs, lows, slope, leftOver }: Results): string {
  const { tally } = ours;
  const answers = Object.entries(tally.answers).sort(([, left], [, right]) => right - left);
  const row = (name: string, { last: { lag }, perSecond }: Played) =>
    `| ${[name, `${Math.round(perSecond).toLocaleString('en')} /s`, ...[lag.p50Ms, lag.p90Ms, lag.p99Ms, lag.maxMs].map((ms) => `${ms.toFixed(1)} ms`)].join(' | ')} |`;
  const heaps = lowsOf(ours.samples, 'heapBytes');
  return [
    `By \`npm run soak -- load ${seconds}\`: ${describeMachine().join('; ')}.`,
    '',
    `- ${tally.sent.toLocaleString('en')} requests, ${tally.cancels.toLocaleString('en')} cancels, ${tally.pauses} pauses of the reader: ${answers.map(([kind, count]) => `${count.toLocaleString('en')} ${kind}`).join(', ')}.`,
    `- Answered twice or unasked: ${tally.surplus}. Not answered: ${tally.unanswered}. Left in a queue: ${leftOver}.`,
    `- ${tally.events} events, ${tally.gaps} gaps in their numbers.`,
    `- Resident memory, the lowest after a collection in each ${windowMs / 1_000} s: ${lows.map((low) => (low / megabyte).toFixed(1)).join(', ')} MB; that is ${(slope / megabyte).toFixed(2)} MB a minute (≤ 1).`,
    `- What its main thread’s JavaScript holds of that: ${heaps.map((low) => (low / megabyte).toFixed(1)).join(', ')} MB.`,
    '',
    '| how late timers came | requests | p50 | p90 | p99 | most |',
    '|---|---|---|---|---|---|',
    row('the sidecar', ours),
    row('a bare vscode-jsonrpc echo, asked for nothing but pings', theirs),
    '',
  ].join('\n');
}
