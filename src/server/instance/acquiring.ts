import type { Clock } from '../../clock.ts';
import type { InstanceHolder } from '../../protocol/types/instance.ts';
import type { Delivery } from './courier.ts';
import type { Meeting } from './holder.ts';
import type { Visit } from './visit.ts';

/** One try for the lock. */
export type Attempt<Lock> = { kind: 'taken'; lock: Lock } | { kind: 'ours'; lock: Lock } | { kind: 'held' };

export type Acquired<Lock> = Exclude<Attempt<Lock>, { kind: 'held' }> | { kind: 'refused'; holder: InstanceHolder; told: Told | null };

/** What became of the letter; null where there was none. */
export type Told = { delivered: true; reply?: unknown; reason?: string | undefined } | { delivered: false; reason: string };

export interface AcquiringParts<Lock> {
  attempt(): Promise<Attempt<Lock>>;
  meet(withinMs: number, signal: AbortSignal): Promise<Meeting>;
  /** Of a lock at whose door nobody is. */
  readHolder(): Promise<InstanceHolder>;
  clock: Clock;
}

export interface Wish {
  waitMs: number;
  letter: Omit<Delivery, 'kind' | 'withinMs'> | null;
}

/** One that is closing is waited for at least so long. */
export const closingPatienceMs = 5_000;
/** What telling the first instance may take, once the waiting is over: its answer, or the reason why there is none, comes within 3 s. */
export const tellingMs = 2_500;
/** So much earlier the first instance gives its host up, so that the reason is its own. */
const tellingMarginMs = 250;
/** Who has nothing to tell waits so long for somebody who is just taking the lock to open the door. */
const openingMs = 250;

/**
 * Tries for the lock until it is ours, or patience is over and its holder was told. Nobody asks for a lock that is held again
 * and again: whoever waits stands inside the holder’s door and sees the end of the connection, with which the lock goes.
 */
export async function acquireLock<Lock>(
  { attempt, meet, readHolder, clock }: AcquiringParts<Lock>,
  { waitMs, letter }: Wish,
  signal: AbortSignal,
): Promise<Acquired<Lock>> {
  const beganMs = clock.monotonicMs();
  const patienceLeft = (isClosing: boolean) => beganMs + (isClosing ? Math.max(waitMs, closingPatienceMs) : waitMs) - clock.monotonicMs();
  let tellingEndsMs = beganMs + waitMs + tellingMs;
  const tellingLeft = () => Math.max(0, Math.floor(tellingEndsMs - clock.monotonicMs()));
  let pauses = 0;

  for (;;) {
    signal.throwIfAborted();
    const answer = await attempt();
    if (answer.kind !== 'held') return answer;
    const meeting = await meet(Math.min(tellingMs, tellingLeft()), signal);

    if (meeting.kind === 'nobody') {
      const opensWithin = letter === null ? tellingLeft() - (tellingMs - openingMs) : tellingLeft();
      if (patienceLeft(false) <= 0 && opensWithin <= 0) return refuse(await readHolder(), meeting.reason);
      await clock.sleep(pause(), signal);
      continue;
    }

    using visit = meeting.visit;
    const isClosing = meeting.kind === 'holder' && meeting.holder.closing;
    if (patienceLeft(isClosing) > 0) {
      await waitFor(visit, isClosing);
      continue;
    }
    if (meeting.kind === 'silent') {
      return refuse(await readHolder(), 'The first instance does not answer: its sidecar hangs, or is stopped.');
    }
    if (meeting.kind === 'stranger') {
      return refuse(await readHolder(), isStrange);
    }
    const { holder } = meeting;
    if (isClosing) return refuse(holder, isStillClosing);
    if (letter === null) return { kind: 'refused', holder, told: null };

    // What has begun to be told is not taken back, so no signal cuts it short.
    const withinMs = Math.max(0, tellingLeft() - tellingMarginMs);
    const reply = await visit.ask({ kind: 'deliver', ...letter, withinMs }, tellingLeft());
    switch (reply.kind) {
      case 'delivered': {
        const { kind, ...rest } = reply;
        return { kind: 'refused', holder, told: { delivered: true, ...rest } };
      }
      case 'undelivered':
        return refuse(holder, reply.reason);
      case 'closing':
        // The next time it says so itself.
        if (patienceLeft(true) <= 0) return refuse({ ...holder, closing: true }, isStillClosing);
        await waitFor(visit, true);
        break;
      case 'gone':
        // It has ended, or let go: the lock may be ours.
        if (tellingLeft() <= 0) return refuse(await readHolder(), 'The first instance ended while it was told.');
        await clock.sleep(pause(), signal);
        break;
      case 'silent':
        return refuse(holder, 'The first instance did not answer in time: its sidecar hangs, or is stopped.');
      default:
        return refuse(holder, isStrange);
    }
  }

  async function waitFor(visit: Visit, isClosing: boolean): Promise<void> {
    if (await visit.ended(patienceLeft(isClosing), signal)) pauses = 0;
    // Whoever has it next gets the whole time to be told.
    tellingEndsMs = Math.max(tellingEndsMs, clock.monotonicMs() + tellingMs);
  }

  function refuse(holder: InstanceHolder, reason: string): Acquired<Lock> {
    return { kind: 'refused', holder, told: letter === null ? null : { delivered: false, reason } };
  }

  /** At random, so that those who wait for the same lock do not all try at once. */
  function pause(): number {
    pauses += 1;
    return shortestPauseMs + Math.random() * (Math.min(longestPauseMs, shortestPauseMs * 2 ** pauses) - shortestPauseMs);
  }
}

const isStillClosing = 'The first instance is closing, and has not ended yet.';
const isStrange = 'The first instance does not understand what it is told: its sidecar is of another version.';

const shortestPauseMs = 2;
const longestPauseMs = 50;
