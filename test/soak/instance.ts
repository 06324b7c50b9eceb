import { rename } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { contend } from '../harness/contention.ts';
import { makeMeetingPlace } from '../harness/instances.ts';
import { writeResult } from './writeResult.ts';

/** `npm run soak -- instance 50`: the numbers of docs/instance.md. */
export async function soakInstances(rounds: number): Promise<void> {
  const lines = [await tellLost(), await tellWaiting(rounds), await tellContention(rounds)];
  writeResult('docs/instance.md', 'soak', `${lines.map((line) => `- ${line}`).join('\n')}\n`);
}

/** From SIGKILL for the holder to the answer of the one that waits for it. */
async function tellWaiting(rounds: number): Promise<string> {
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
  return say(`${rounds} holders killed, with one that waits: it was told that it has the lock after ${spread(took)}.`);
}

async function tellContention(rounds: number): Promise<string> {
  const played = await contend({
    sidecars: 24,
    programs: 176,
    rounds,
    onRound: ({ winner, afterMs }) => say(`${winner} after ${Math.round(afterMs)} ms`),
  });
  const won = (kind: string) => played.filter(({ winner }) => winner === kind).length;
  return say(
    `24 sidecars and 176 programs that know only flock(2), ${rounds} holders killed: never two at once; ${won('sidecar')} of them were sidecars.`,
  );
}

/** The file is replaced under a holder, which looks every 30 s. */
async function tellLost(): Promise<string> {
  await using place = await makeMeetingPlace();
  await using holder = await place.start();
  await holder.call('instance/acquire', place.here());
  await holder.call('events/subscribe', { topics: ['instance'] });
  await rename(place.lockFile, `${place.lockFile}.away`);
  const replacedAt = performance.now();
  await holder.message(({ method }) => method === 'event/instance', 'the event', 40_000);
  return say(`A lock whose file was taken away was told as lost after ${Math.round((performance.now() - replacedAt) / 1_000)} s.`);
}

function spread(took: number[]): string {
  const sorted = [...took].sort((left, right) => left - right);
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0).toFixed(1);
  return `${at(0.5)} ms in the middle, ${at(0.95)} ms in 95 of 100, ${at(1)} ms at most`;
}

function say(line: string): string {
  process.stdout.write(`${line}\n`);
  return line;
}
