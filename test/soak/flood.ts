import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine } from '../bench/machine.ts';
import { startSidecar } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';
import { memoryOf } from '../harness/watching.ts';
import { writeResult } from './writeResult.ts';

/** What one service that writes as fast as it can does to the sidecar, and to the probes of another. */
export interface Flood {
  megabytes: number;
  elapsedMs: number;
  /** Whole lines that were counted, kept or dropped. */
  lines: number;
  /** What the sidecar’s resident memory grew by, at its most. */
  growthBytes: number;
  /** The longest time between two questions to the other service, and how often it was asked while the flood lasted. */
  longestGapMs: number;
  probes: number;
  /** Whether the other one was ready and never restarted. */
  isUnharmed: boolean;
}

export const periodMs = 1_000;
const line = 'x'.repeat(99);

/** Tells when it was asked. */
const askedServer = `
  const { appendFileSync } = require('node:fs');
  require('node:http').createServer((request, response) => {
    appendFileSync(process.env.ASKED, Date.now() + '\\n');
    response.end('ok');
  }).listen(process.env.PORT, '127.0.0.1');
`;

/** `withFile`: the flood goes into a rotating file as well, whose disk holds it back. */
export async function playFlood(megabytes: number, { withFile = false } = {}): Promise<Flood> {
  const directory = await mkdtemp(join(tmpdir(), 'sidewarden-flood-'));
  const asked = join(directory, 'asked');
  writeFileSync(asked, '');
  await using sidecar = await startSidecar();
  try {
    const probe = { kind: 'http', periodMs, timeoutMs: periodMs } as const;
    const calm = {
      name: 'calm',
      command: process.execPath,
      args: ['-e', askedServer],
      env: { ASKED: asked },
      ports: [{ name: 'http', env: 'PORT' }],
      readiness: probe,
      stop: { graceMs: 500 },
    };
    await sidecar.call('service/start', { spec: calm, waitFor: 'ready' });
    const bytes = megabytes * 1_000_000;
    const flood = {
      name: 'flood',
      command: 'sh',
      args: ['-c', `yes ${line} | head -c ${bytes}`],
      ...(withFile && { logs: { file: join(directory, 'flood.log'), keep: 1 } }),
    };
    const before = memoryOf(sidecar.pid);
    let most = before;
    const begunMs = Date.now();
    await sidecar.call('service/start', { spec: flood });
    const stateOf = async () => (await sidecar.call('service/get', { name: 'flood' })).service?.state;
    await until(
      async () => {
        most = Math.max(most, memoryOf(sidecar.pid));
        return (await stateOf()) === 'exited';
      },
      'the end of the flood',
      600_000,
    );
    const { nextSeq } = await sidecar.call('service/logs', { name: 'flood', tail: 1 });
    const endedMs = Date.now();
    const { service } = await sidecar.call('service/get', { name: 'calm' });
    const times = readFileSync(asked, 'utf8').trim().split('\n').map(Number);
    const during = times.filter((at) => at >= begunMs - 2 * periodMs && at <= endedMs);
    const gaps = [...during.slice(1), endedMs].map((at, index) => at - (during[index] as number));
    return {
      megabytes,
      elapsedMs: endedMs - begunMs,
      lines: nextSeq - 1,
      growthBytes: most - before,
      longestGapMs: Math.max(...gaps),
      probes: during.filter((at) => at >= begunMs).length,
      isUnharmed: service?.ready === true && service.restarts === 0,
    };
  } finally {
    await sidecar.end();
    await rm(directory, { recursive: true, force: true });
  }
}

/** `npm run soak -- flood 1000`: so many megabytes, once into the ring alone, and once into a file as well. */
export async function soakFlood(megabytes: number): Promise<void> {
  const rows: string[] = [];
  let isMissed = false;
  for (const withFile of [false, true]) {
    const { elapsedMs, lines, growthBytes, longestGapMs, probes, isUnharmed } = await playFlood(megabytes, { withFile });
    const delayMs = Math.max(0, longestGapMs - periodMs);
    isMissed ||=
      delayMs > periodMs || !isUnharmed || growthBytes > mostGrowthBytes || lines !== (megabytes * 1_000_000) / (line.length + 1);
    const cells = [
      withFile ? 'ring and file' : 'ring',
      `${lines.toLocaleString('en')}`,
      `${(elapsedMs / 1_000).toFixed(1)} s`,
      `${(growthBytes / 1e6).toFixed(0)} MB`,
      probes,
      `${delayMs} ms`,
    ];
    rows.push(`| ${cells.join(' | ')} |`);
    process.stdout.write(`${rows.at(-1)}\n`);
  }
  writeResult(
    'docs/soak.md',
    'flood',
    [
      `By \`npm run soak -- flood ${megabytes}\`: ${describeMachine().join('; ')}; ${loadavg()[0]?.toFixed(0)} programs wanted to run at its end.`,
      '',
      `| ${megabytes} MB go to | lines | in | memory grew by | the other was asked | longest delay |`,
      '|---|---|---|---|---|---|',
      ...rows,
      '',
    ].join('\n'),
  );
  if (isMissed) throw new Error('a flood cost too much memory, a line, or another service its probes');
}

/** A young generation of V8 fills with what is read; what is kept is a ring of 64 KiB and a queue of 1 MiB. */
export const mostGrowthBytes = 150_000_000;
