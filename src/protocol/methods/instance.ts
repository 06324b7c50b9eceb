import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { InstanceHolder, SecondInstancePayload } from '../types/instance.ts';
import { Duration, doc, Name, Text } from '../types/primitives.ts';

/* One instance only: a lock that the kernel releases when its sidecar ends, however it ends. */

const which = {
  name: doc(z.optional(Name), 'Which lock of the app; its appId when absent.'),
  scope: doc(
    z.optional(z.enum(['user', 'path'])),
    '`user`: one for this user on this machine. `path`: one for a directory, whoever uses it; it gets a file `.sidewarden-….lock`.',
    { default: 'user' },
  ),
  path: doc(z.optional(Text), 'For scope `path`: an absolute directory that is there.'),
};

const holder = { pid: 4_242, startedAt: 1_790_000_000_000, identity: '0f6d3c1a-4242-99120-7731' };

export const acquire = defineMethod({
  name: 'instance/acquire',
  lane: 'wait',
  summary: 'Takes the lock of the only instance, or tells the one that has it.',
  description:
    'The lock is the kernel’s (flock): it ends with the sidecar that holds it, and there is no way to steal it. One that is held stays so; `payload` is then handed to its host as host/secondInstance, and `reply` is what that answered. A first instance that hangs, dies or cannot be asked gives `delivered: false` with the reason, 3 s after the waiting at the latest, and is left alone. One that is closing is waited for, for up to 5 s or `waitMs`, whichever is longer.',
  params: z.object({
    ...which,
    waitMs: doc(z.optional(Duration), 'How long to wait for a lock that is held, before anything is delivered.', { default: 0 }),
    payload: doc(z.optional(SecondInstancePayload), 'What a first instance is told; nothing is delivered without it.'),
  }),
  result: z.object({
    acquired: z.boolean(),
    lockId: doc(z.optional(Text), 'The lock, when this sidecar has it, from now on or before.'),
    holder: doc(z.optional(InstanceHolder), 'Who has it instead.'),
    delivered: doc(z.optional(z.boolean()), 'Whether its host has answered; absent when there was nothing to deliver.'),
    reply: doc(z.optional(z.unknown()), 'What its host replied.'),
    reason: doc(z.optional(Text), '`alreadyHeld` when this host has the lock itself; else a sentence that says why nothing was delivered.'),
  }),
  errors: ['NotFound', 'PermissionDenied', 'Conflict', 'Unsupported', 'ShuttingDown'],
  examples: [
    { name: 'the first', params: { name: 'org.example.app' }, result: { acquired: true, lockId: 'l1' } },
    {
      name: 'the second',
      params: { payload: { argv: ['my-app', 'notes.txt'], cwd: '/home/ada' } },
      result: {
        acquired: false,
        holder: { host: { pid: 4_240, startedAt: 1_790_000_000_000 }, sidecar: holder, closing: false },
        delivered: true,
        reply: { window: 2 },
      },
    },
  ],
});

export const release = defineMethod({
  name: 'instance/release',
  lane: 'state',
  summary: 'Lets go of a lock; whoever waits for it gets it.',
  params: z.object({ lockId: Text }),
  result: z.object({ released: doc(z.boolean(), 'False when this host does not hold it, or no longer.') }),
  errors: [],
  examples: [{ name: 'held', params: { lockId: 'l1' }, result: { released: true } }],
});

export const query = defineMethod({
  name: 'instance/query',
  lane: 'look',
  summary: 'Who holds the lock. Asks without touching it, so nobody who acquires meanwhile is disturbed.',
  params: z.object(which),
  result: z.object({ holder: doc(z.nullable(InstanceHolder), 'Null when nobody does.') }),
  errors: ['NotFound', 'PermissionDenied', 'Unsupported'],
  examples: [
    { name: 'free', params: {}, result: { holder: null } },
    { name: 'held', params: {}, result: { holder: { host: null, sidecar: holder, closing: true } } },
  ],
});
