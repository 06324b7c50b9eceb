import { frame, notification, type Peer } from './client.ts';
import { type Measured, milliseconds } from './figure.ts';
import { compare, percentile, timed, timedEach } from './measure.ts';
import { busy, startCrowd } from './scene/crowd.ts';
import { poolThreads, type Subject, startBareEcho, startSidecar } from './sidecars.ts';

const params = { echo: 'hello' };
const ping = frame('sidecar/ping', params);
const burstLength = 1_000;
const burst = Buffer.concat(Array.from({ length: burstLength }, (_, index) => frame('sidecar/ping', params, index + 1)));

/** The wire itself, against the least that a JSON-RPC sidecar can be. */
export async function measurePing(subject: Subject, rounds: number): Promise<Measured[]> {
  const [sidecar, echo] = [await startSidecar(subject), startBareEcho()];
  for (const peer of [sidecar, echo]) {
    for (let warmUp = 0; warmUp < 10; warmUp += 1) await peer.askMany(burst, burstLength);
    await pingTimes(peer, 1_000);
  }
  const single = await compare(rounds, [() => p50(sidecar), () => p50(echo)]);
  const piped = await compare(rounds, [() => burstsPerSecond(sidecar), () => burstsPerSecond(echo)]);
  await sidecar.end();
  await echo.end();
  return [
    {
      what: '`sidecar/ping` p50, against a bare vscode-jsonrpc echo',
      ours: milliseconds(single.medians[0] as number),
      peer: milliseconds(single.medians[1] as number),
      value: single.ratios[1] as number,
      unit: '×',
      bound: { atMost: 1.2 },
    },
    {
      what: `\`sidecar/ping\` throughput, ${burstLength} pipelined, against the bare echo`,
      ours: perSecond(piped.medians[0] as number),
      peer: perSecond(piped.medians[1] as number),
      value: piped.ratios[1] as number,
      unit: '×',
      bound: { atLeast: 1.2 },
    },
  ];
}

/** Whether looking gets in the way of answering: pings while every pool thread is busy, against an echo whose process is as busy. */
export async function measurePingUnderLoad(subject: Subject, rounds: number): Promise<Measured[]> {
  await using crowd = await startCrowd(busy);
  const [sidecar, echo] = [await startSidecar(subject), startBareEcho()];
  for (const peer of [sidecar, echo]) await pingTimes(peer, 1_000);
  const { medians, ratios } = await compare(rounds, [() => p99WhileFinding(sidecar, crowd.port), () => p99WhileSpinning(echo)]);
  await sidecar.end();
  await echo.end();
  return [
    {
      what: `\`sidecar/ping\` p99 with ${finds} \`port/find\` in flight, against the bare echo beside ${poolThreads} spinning threads`,
      ours: milliseconds(medians[0] as number),
      peer: milliseconds(medians[1] as number),
      value: ratios[1] as number,
      unit: '×',
      bound: { atMost: 3 },
    },
  ];
}

const finds = 50;

async function p99WhileFinding(sidecar: Peer, port: number): Promise<number> {
  let isDone = false;
  const keepFinding = async () => {
    while (!isDone) await sidecar.call('port/find', { port });
  };
  const finding = Promise.all(Array.from({ length: finds }, keepFinding));
  const times = await pingTimes(sidecar, 1_000);
  isDone = true;
  await finding;
  return percentile(times, 99);
}

async function p99WhileSpinning(echo: Peer): Promise<number> {
  echo.send(notification('spin', { threads: poolThreads }));
  const times = await pingTimes(echo, 1_000);
  echo.send(notification('spin', { threads: 0 }));
  return percentile(times, 99);
}

async function p50(peer: Peer): Promise<number> {
  return percentile(await pingTimes(peer, 300), 50);
}

async function pingTimes(peer: Peer, count: number): Promise<number[]> {
  return timedEach(count, () => peer.ask(ping));
}

async function burstsPerSecond(peer: Peer): Promise<number> {
  const bursts = 5;
  const elapsedMs = await timed(async () => {
    for (let sent = 0; sent < bursts; sent += 1) await peer.askMany(burst, burstLength);
  });
  return (bursts * burstLength * 1_000) / elapsedMs;
}

function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString('en')} /s`;
}
