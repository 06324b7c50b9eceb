import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { KillOutcome, killOptions, PlanId, WorkDoneToken } from '../types/kill.ts';
import { doc, Name, Port, struct } from '../types/primitives.ts';
import { Eviction } from '../types/registration.ts';

export const run = defineMethod({
  name: 'cleanup/run',
  lane: 'act',
  summary: 'Ends what a crashed run of this app has left: its processes, and whoever holds its ports.',
  description:
    'Covers the registrations of this run and of the last one that ended. `owned` is what a dead sidecar of this app recorded, by identity; what a live sidecar supervises is protected.',
  params: z.strictObject({
    evict: doc(z.optional(Eviction), 'Whom to end on the registered ports: `owned`, or `any` holder.', { default: 'owned' }),
    ...killOptions,
    tree: doc(z.optional(z.boolean()), 'With all descendants.', { default: true }),
    workDoneToken: WorkDoneToken,
    planId: PlanId,
  }),
  result: z.object({
    ports: z.array(
      struct('CleanedPort', 'A registered port, and what became of its holders.', {
        port: Port,
        name: Name,
        freed: doc(z.boolean(), 'It can be bound now.'),
        outcomes: z.array(KillOutcome),
      }),
    ),
    leftovers: doc(z.array(KillOutcome), 'Processes that a dead sidecar of this app had started.'),
    planId: PlanId,
  }),
  errors: ['InvalidState', 'PermissionDenied', 'Unsupported', 'ShuttingDown'],
  examples: [{ name: 'nothing was left', params: {}, result: { ports: [], leftovers: [] } }],
});
