import type { Socket } from 'node:net';
import type { Clock } from '../../clock.ts';
import { CourierAnswer, type CourierRequest } from '../../protocol/courier.ts';
import { validateResult } from '../../protocol/validate.ts';
import { openMessages } from './messages.ts';

/** What came back: an answer, something that is none of ours, nothing in time, or the end of the connection. */
export type VisitAnswer = CourierAnswer | { kind: 'unreadable' } | { kind: 'silent' } | { kind: 'gone' };

/** The side of one who did not get the lock, with its holder. */
export interface Visit extends Disposable {
  /** One at a time. Rejects with the signal’s reason when that is aborted. */
  ask(request: CourierRequest, withinMs: number, signal?: AbortSignal): Promise<VisitAnswer>;
  /** Whether the holder ended the connection, as its own end does, within this time. */
  ended(withinMs: number, signal: AbortSignal): Promise<boolean>;
}

export function openVisit(socket: Socket, clock: Clock): Visit {
  const closed = Promise.withResolvers<{ kind: 'gone' }>();
  let expect: ((answer: VisitAnswer) => void) | null = null;
  const messages = openMessages(
    socket,
    {
      onMessage(message) {
        const parsed = validateResult(CourierAnswer, message);
        expect?.(parsed.ok ? (parsed.value as CourierAnswer) : { kind: 'unreadable' });
      },
      onClosed: () => closed.resolve({ kind: 'gone' }),
    },
    clock,
  );

  return {
    async ask(request, withinMs, signal) {
      const answer = new Promise<VisitAnswer>((resolve) => {
        expect = resolve;
      });
      if (!messages.send(request)) throw new Error('a request to the holder of a lock is larger than a message may be');
      return (await within(Promise.race([answer, closed.promise]), withinMs, signal)) ?? { kind: 'silent' };
    },
    ended: async (withinMs, signal) => (await within(closed.promise, withinMs, signal)) !== null,
    [Symbol.dispose]: () => messages.close(),
  };

  /** Null when the time is over. */
  async function within<Value>(promise: Promise<Value>, ms: number, signal?: AbortSignal): Promise<Value | null> {
    const settled = new AbortController();
    const slept = clock.sleep(ms, signal === undefined ? settled.signal : AbortSignal.any([settled.signal, signal])).then(() => null);
    // Once the race is decided nobody listens to the loser any more.
    slept.catch(() => {});
    try {
      return await Promise.race([promise, slept]);
    } finally {
      settled.abort();
    }
  }
}
