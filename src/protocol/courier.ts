import * as z from 'zod/mini';
import { HolderProcess, InstanceHolder, SecondInstancePayload, SecondInstanceSender } from './types/instance.ts';
import { Duration, Text } from './types/primitives.ts';

/*
 * What two sidecars of one user say to each other over the socket beside a lock. No host sees it, so it is not published; but
 * sidecars of different versions meet there, so it has a version of its own.
 */

export const courierVersion = 1;

/** The most that a host has to say to another: a payload, or the reply to it, as JSON. */
export const payloadBytes = 64 * 1024;

/** The most that one says at once: that, and who sends it. */
export const courierMessageBytes = 80 * 1024;

/** From the one who did not get the lock. */
export const CourierRequest = z.union([
  z.object({ kind: z.literal('who') }),
  z.object({ kind: z.literal('deliver'), payload: SecondInstancePayload, from: SecondInstanceSender, withinMs: Duration }),
]);
export type CourierRequest = z.infer<typeof CourierRequest>;

/** From the one who has it, one for each request. */
export const CourierAnswer = z.union([
  z.object({ kind: z.literal('holder'), courier: z.int(), holder: InstanceHolder }),
  z.object({ kind: z.literal('delivered'), reply: z.optional(z.unknown()), reason: z.optional(Text) }),
  z.object({ kind: z.literal('undelivered'), reason: Text }),
  /** It shuts down, so its host is not asked any more. */
  z.object({ kind: z.literal('closing') }),
]);
export type CourierAnswer = z.infer<typeof CourierAnswer>;

/** What a locked file says of its holder: a courtesy to whoever finds nobody at the socket. It never decides who holds the lock. */
export const LockNote = z.object({ sidecar: HolderProcess, host: z.nullable(HolderProcess) });
export type LockNote = z.infer<typeof LockNote>;
