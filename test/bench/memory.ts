import { setTimeout as sleep } from 'node:timers/promises';
import { frame, type Peer } from './client.ts';
import { type Measured, megabytes } from './figure.ts';
import { median } from './measure.ts';
import { residentBytes, wakeups } from './procStatus.ts';
import { busy, startCrowd } from './scene/crowd.ts';
import { type Subject, startBareNode, startSidecar } from './sidecars.ts';

const megabyte = 1_000_000;

/** What an idle sidecar costs: memory over a bare Node, before and long after its first look, and wake-ups. */
export async function measureIdle(
  subject: Subject,
  { sidecars, restMs, watchMs }: { sidecars: number; restMs: number; watchMs: number },
): Promise<Measured[]> {
  await using crowd = await startCrowd(busy);
  const ours = await Promise.all(Array.from({ length: sidecars }, () => startSidecar(subject)));
  const bare = Array.from({ length: sidecars }, startBareNode);
  const resident = (peers: Peer[]) => median(peers.map(({ pid }) => residentBytes(pid)));

  await sleep(2_000);
  const before = [resident(ours), resident(bare)] as const;
  for (const sidecar of ours) await sidecar.call('port/find', { port: crowd.port });
  await sleep(restMs);
  const after = [resident(ours), resident(bare)] as const;
  const awake = [...ours, ...bare].map(({ pid }) => wakeups(pid));
  await sleep(watchMs);
  const wokenUp = [...ours, ...bare].map(({ pid }, index) => wakeups(pid) - (awake[index] as number));
  await Promise.all([...ours, ...bare].map((peer) => peer.end()));

  const over = ([own, node]: readonly [number, number], what: string, atMost: number): Measured => ({
    what,
    ours: megabytes(own),
    peer: megabytes(node),
    value: (own - node) / megabyte,
    unit: 'MB',
    bound: { atMost },
  });
  const perSecond = (counts: number[]) => median(counts) / (watchMs / 1_000);
  const [ownWakeups, nodeWakeups] = [perSecond(wokenUp.slice(0, sidecars)), perSecond(wokenUp.slice(sidecars))];
  return [
    over(before, 'resident memory before the first look, over a bare Node', 20),
    over(after, `resident memory ${restMs / 1_000} s after one look, over a bare Node`, 40),
    {
      what: `wake-ups within ${watchMs / 1_000} s while nothing is asked or watched`,
      ours: `${ownWakeups.toFixed(1)} /s`,
      peer: `${nodeWakeups.toFixed(1)} /s`,
      value: ownWakeups,
      unit: '/s',
      bound: { atMost: 0 },
      why: 'by strace, a delayed task of V8 wakes the main thread every 8 s, which is the period of V8’s memory reducer; no timer and no thread of ours does.',
    },
  ];
}

/** A host that sends and sends and reads nothing: what it costs, beyond a host that reads. */
export async function measureDeafHost(subject: Subject, forMs: number): Promise<Measured[]> {
  const sidecar = await startSidecar(subject);
  const ping = frame('sidecar/ping', { echo: 'x'.repeat(1_000) });
  // The heap of a reading host’s sidecar first, so that the difference is the queue and not the warming up.
  const burst = Buffer.concat(Array.from({ length: 1_000 }, () => ping));
  for (let sent = 0; sent < 30; sent += 1) await sidecar.askMany(burst, 1_000);
  await sleep(1_000);
  const before = residentBytes(sidecar.pid);
  sidecar.stdout.pause();
  let most = before;
  let sentBytes = 0;
  for (const startedAt = performance.now(); performance.now() - startedAt < forMs; most = Math.max(most, residentBytes(sidecar.pid))) {
    if (sentBytes < floodBytes) {
      sidecar.send(burst);
      sentBytes += burst.length;
    }
    await sleep(20);
  }
  await sidecar.end();
  return [
    {
      what: `a host that reads nothing for ${forMs / 1_000} s and sends ${floodBytes / megabyte} MB`,
      ours: megabytes(most),
      peer: `${megabytes(before)} before`,
      value: (most - before) / megabyte,
      unit: 'MB',
      bound: { atMost: 16 },
    },
  ];
}

const floodBytes = 64 * megabyte;
