import { type CourierAnswer, payloadBytes } from '../../protocol/courier.ts';
import type { CallHost, HostAnswer } from '../context.ts';
import type { Delivery } from './courier.ts';

/** Hands what a second instance has to say to the host that holds the lock. */
export function createDeliver(callHost: CallHost) {
  return (connectionId: string, lockId: string) =>
    async ({ payload, from, withinMs }: Delivery, signal: AbortSignal): Promise<CourierAnswer> =>
      answerOf(await callHost(connectionId, 'host/secondInstance', { lockId, payload, from }, { timeoutMs: withinMs, signal }), withinMs);
}

function answerOf(answer: HostAnswer<{ handled: boolean; reply?: unknown }>, withinMs: number): CourierAnswer {
  switch (answer.kind) {
    case 'answered': {
      const { handled, reply } = answer.result;
      return {
        kind: 'delivered',
        ...(isTooLarge(reply) ? { reason: 'The host of the first instance replied more than 64 KiB, which is not passed on.' } : { reply }),
        ...(!handled && { reason: 'The host of the first instance took note of it, and did nothing with it.' }),
      };
    }
    case 'failed':
      return { kind: 'undelivered', reason: `The host of the first instance failed: ${cut(answer.message)}` };
    case 'timeout':
      return { kind: 'undelivered', reason: `The host of the first instance did not answer within ${withinMs} ms; it hangs, or is busy.` };
    case 'unavailable':
      return { kind: 'undelivered', reason: `The host of the first instance cannot be asked: ${answer.reason}` };
  }
}

const isTooLarge = (reply: unknown): boolean => reply !== undefined && Buffer.byteLength(JSON.stringify(reply)) > payloadBytes;

/** As much of a text as anybody reads. */
export const cut = (text: string): string => (text.length <= 1_000 ? text : `${text.slice(0, 1_000)}…`.toWellFormed());
