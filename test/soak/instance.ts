import { rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { contend } from '../harness/contention.ts';
import { makeMeetingPlace } from '../harness/instances.ts';

/** `npm run soak -- instance 50`: the tables of docs/instance.md. */
export async function soakInstances(rounds: number): Promise<void> {
  await tellLost();
  await tellWaiting(rounds);
  await tellContention(rounds);
}

/** From SIGKILL for the holder to the answer of the one that waits for it. */
async function tellWaiting(rounds: number): Promise<void> {
  await using place = await makeMeetingPlace();
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await using holder = await place.start();
    await using waiter = await place.start();
    await holder.call('instance/acquire', place.here());
    const waiting = waiter.call('instance/acquire', place.here({ waitMs: 60_000 }));
    await sleep(300);
    const killedAt = performance.now();
    holder.child.kill('SIGKILL');
    const { acquired } = await waiting;
    took.push(performance.now() - killedAt);
    if (!acquired) throw new Error('whoever waited did not get the lock');
  }
  say(`${rounds} holders killed; the one that waited was told that it has the lock after ${spread(took)}`);
}

async function tellContention(rounds: number): Promise<void> {
  const played = await contend({
    sidecars: 24,
    programs: 176,
    rounds,
    onRound: ({ winner, afterMs }) => say(`${winner} after ${Math.round(afterMs)} ms`),
  });
  const won = (kind: string) => played.filter(({ winner }) => winner === kind).length;
  say(`${rounds} holders killed, never two at once: ${won('sidecar')} were sidecars, ${won('program')} programs`);
}

/** The file is replaced under a holder, which looks every 30 s. */
async function tellLost(): Promise<void> {
  await using place = await makeMeetingPlace();
  await using holder = await place.start();
  await holder.call('instance/acquire', place.here());
  await holder.call('events/subscribe', { topics: ['instance'] });
  await rename(place.lockFile, `${place.lockFile}.away`);
  const replacedAt = performance.now();
  await holder.message(({ method }) => method === 'event/instance', 'the event', 40_000);
  say(`a lock whose file was taken away was told as lost after ${Math.round((performance.now() - replacedAt) / 1_000)} s`);
}

function spread(took: number[]): string {
  const sorted = [...took].sort((left, right) => left - right);
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0).toFixed(1);
  return `${at(0.5)} ms in the middle, ${at(0.95)} ms in 95 of 100, ${at(1)} ms at most`;
}

const say = (line: string) => process.stdout.write(`${line}\n`);
