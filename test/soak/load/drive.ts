import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { frame, notification, readBodies } from '../../bench/client.ts';

/** What is asked: a method and its params, chosen anew for each request. */
export type Ask = (random: () => number) => [method: string, params: object];

export interface LoadOrder {
  stdin: Writable;
  stdout: Readable;
  ask: Ask;
  /** Asked before each request; when it is false no more are sent, and the answers to all are waited for. */
  goesOn(sent: number): boolean;
  random(): number;
}

/** What came of it. */
export interface Tally {
  sent: number;
  cancels: number;
  /** Requests by what they were answered: `ok`, or the kind of the error. */
  answers: Record<string, number>;
  /** Answers to what was not asked, or was answered before. */
  surplus: number;
  unanswered: number;
  events: number;
  /** Events whose `seq` does not follow on the one before it. */
  gaps: number;
  pauses: number;
}

const inFlight = 64;
const burst = 200;
const chances = { burst: 0.002, cancel: 0.2, cancelAtOnce: 0.05 };
const longestPauseMs = 400;
const answeredWithinMs = 60_000;

interface Message {
  id?: number | string | null;
  method?: string;
  params?: { subscriptionId?: string; seq?: number };
  error?: { code: number; data?: { kind: string } };
}

/** Keeps 64 requests in flight and now and then many more, cancels at random, and reads by fits and starts. */
export async function driveLoad({ stdin, stdout, ask, goesOn, random }: LoadOrder): Promise<Tally> {
  const tally: Tally = { sent: 0, cancels: 0, answers: {}, surplus: 0, unanswered: 0, events: 0, gaps: 0, pauses: 0 };
  const waiting = new Set<number>();
  const lastSeqs = new Map<string, number>();
  const allAnswered = Promise.withResolvers<void>();
  let isOver = false;

  readBodies(stdout, (body) => take(JSON.parse(body.toString()) as Message));
  const reading = readByFits();
  refill();
  await Promise.race([allAnswered.promise, whenLate()]);
  isOver = true;
  await reading;
  tally.unanswered = waiting.size;
  return tally;

  function take({ id, method, params, error }: Message): void {
    if (method !== undefined) return takeEvent(params);
    // Those of the host that it does this for.
    if (typeof id === 'string') return;
    if (typeof id !== 'number' || !waiting.delete(id)) {
      tally.surplus += 1;
      return;
    }
    const answer = error === undefined ? 'ok' : (error.data?.kind ?? String(error.code));
    tally.answers[answer] = (tally.answers[answer] ?? 0) + 1;
    refill();
  }

  function takeEvent({ subscriptionId, seq }: NonNullable<Message['params']> = {}): void {
    if (subscriptionId === undefined || seq === undefined) return;
    tally.events += 1;
    if (seq !== (lastSeqs.get(subscriptionId) ?? seq - 1) + 1) tally.gaps += 1;
    lastSeqs.set(subscriptionId, seq);
  }

  function refill(): void {
    const chunk: Buffer[] = [];
    for (let room = inFlight - waiting.size; room > 0 && goesOn(tally.sent); room -= 1) {
      if (random() < chances.burst) room += burst;
      chunk.push(...one());
    }
    if (chunk.length > 0) stdin.write(Buffer.concat(chunk));
    if (waiting.size === 0 && !goesOn(tally.sent)) allAnswered.resolve();
  }

  function one(): Buffer[] {
    tally.sent += 1;
    const id = tally.sent;
    waiting.add(id);
    const request = frame(...ask(random), id);
    const dice = random();
    if (dice < chances.cancelAtOnce) return [request, cancel(id)];
    if (dice < chances.cancel) void sleep(random() * 20).then(() => waiting.has(id) && stdin.write(cancel(id)));
    return [request];
  }

  function cancel(id: number): Buffer {
    tally.cancels += 1;
    return notification('$/cancelRequest', { id });
  }

  async function readByFits(): Promise<void> {
    while (!isOver) {
      await Promise.race([sleep(200 + random() * 1_000), allAnswered.promise]);
      if (isOver || !goesOn(tally.sent)) return;
      tally.pauses += 1;
      stdout.pause();
      await sleep(random() * longestPauseMs);
      stdout.resume();
    }
  }

  /** From when no more are sent. */
  async function whenLate(): Promise<void> {
    while (goesOn(tally.sent)) await sleep(100);
    // What is answered may be the last, while the reader rests.
    refill();
    await sleep(answeredWithinMs, undefined, { ref: false });
  }
}
