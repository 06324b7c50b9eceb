import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { KillOutcome, killOptions, WorkDoneToken } from '../types/kill.ts';
import { Host, PortEntry, PortRange } from '../types/port.ts';
import { Duration, doc, Name, Port, Protocol, Text } from '../types/primitives.ts';
import { Lease, ManagedPort } from '../types/registration.ts';

/* Ports that the app calls its own: registered by name, made available, or handed out. */

const OneProtocol = doc(z.optional(Protocol), 'Which protocol’s port.', { default: 'tcp' });

export const register = defineMethod({
  name: 'port/register',
  lane: 'state',
  summary: 'Notes that the app uses this port; the next run can clean it up.',
  params: z.object({ port: Port, name: Name, protocol: OneProtocol }),
  result: z.null(),
  errors: ['ShuttingDown'],
  examples: [{ name: 'the backend', params: { port: 5050, name: 'backend' }, result: null }],
});

export const unregister = defineMethod({
  name: 'port/unregister',
  lane: 'state',
  summary: 'Forgets a registered port.',
  params: z.object({ port: Port, protocol: OneProtocol }),
  result: z.object({ removed: doc(z.boolean(), 'False when it was not registered.') }),
  errors: [],
  examples: [{ name: 'known', params: { port: 5050 }, result: { removed: true } }],
});

export const registered = defineMethod({
  name: 'port/registered',
  lane: 'state',
  summary: 'The ports that this run has registered.',
  params: z.object({}),
  result: z.object({ ports: z.array(ManagedPort) }),
  errors: [],
  examples: [
    { name: 'one', params: {}, result: { ports: [{ port: 5050, protocol: 'tcp', name: 'backend', registeredAt: 1_790_000_000_000 }] } },
  ],
});

export const ensureAvailable = defineMethod({
  name: 'port/ensureAvailable',
  lane: 'act',
  summary: 'Makes sure that a port can be bound: ends its holders as far as allowed, and tries again.',
  params: z.strictObject({
    port: Port,
    protocol: OneProtocol,
    maxRetries: doc(z.optional(z.int().check(z.gte(0), z.lte(1_000))), 'Further attempts after the first.', { default: 3 }),
    retryDelayMs: doc(z.optional(Duration), 'Between two attempts.', { default: 500 }),
    evict: doc(
      z.optional(z.enum(['none', 'owned', 'any'])),
      'Whom to end: nobody, what a dead sidecar of this app has left, or any holder.',
      { default: 'owned' },
    ),
    ...killOptions,
    tree: doc(z.optional(z.boolean()), 'With all descendants.', { default: false }),
    workDoneToken: WorkDoneToken,
  }),
  result: z.object({
    available: z.boolean(),
    attempts: z.int(),
    outcomes: z.array(KillOutcome),
    entries: doc(z.array(PortEntry), 'Who still holds it.'),
  }),
  errors: ['PermissionDenied', 'Unsupported', 'ShuttingDown'],
  examples: [{ name: 'a free port', params: { port: 5050 }, result: { available: true, attempts: 1, outcomes: [], entries: [] } }],
});

export const allocate = defineMethod({
  name: 'port/allocate',
  lane: 'act',
  summary: 'Hands out free ports, outside the ephemeral and reserved ranges, each to one caller only.',
  params: z.object({
    count: doc(z.optional(z.int().check(z.gte(1), z.lte(256))), 'How many.', { default: 1 }),
    preferred: doc(
      z.optional(z.array(Port).check(z.maxLength(256))),
      'Taken first where they are free, wherever they lie; what a key had before comes even before them.',
    ),
    range: doc(z.optional(PortRange), 'Where to look instead; of it, too, ephemeral, reserved and privileged ports are left out.'),
    host: doc(z.optional(Host), 'The local address they must be free on; every one when absent.'),
    key: doc(z.optional(Name), 'The same ports again for the same key, across restarts, as long as they are free.'),
    hold: doc(z.optional(z.boolean()), 'Keep them bound until they are released.', { default: false }),
    ttlMs: doc(z.optional(Duration), 'Released by itself after this.'),
  }),
  result: z.object({ leases: z.array(Lease) }),
  errors: ['Conflict', 'LimitExceeded', 'Unsupported', 'ShuttingDown'],
  examples: [{ name: 'one', params: {}, result: { leases: [{ leaseId: 'l1', port: 21_507, held: false }] } }],
});

export const release = defineMethod({
  name: 'port/release',
  lane: 'state',
  summary: 'Gives ports back; for 10 s they are not handed out again.',
  params: z.object({ leaseIds: z.array(Text).check(z.minLength(1), z.maxLength(4_096)) }),
  result: z.object({ released: doc(z.array(Text), 'The leases that were there.') }),
  errors: [],
  examples: [{ name: 'one', params: { leaseIds: ['l1'] }, result: { released: ['l1'] } }],
});
