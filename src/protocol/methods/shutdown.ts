import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { WorkDoneToken } from '../types/kill.ts';
import { Duration, doc, Name, Text } from '../types/primitives.ts';
import { ShutdownReport } from '../types/shutdown.ts';

export const addHandler = defineMethod({
  name: 'shutdown/addHandler',
  lane: 'state',
  summary: 'Adds a handler that the host runs when the sidecar shuts down.',
  description:
    'Handlers of the same `order` run in parallel, orders ascending, before any service is stopped. When its turn comes the host is asked by host/runShutdownHandler, which needs its capability `shutdownHandlers`; without that the step is `unavailable`.',
  params: z.object({
    name: Name,
    order: doc(z.optional(z.int()), 'Lower ones run first.', { default: 0 }),
    timeoutMs: doc(z.optional(Duration), 'How long the host may take; never longer than the whole shutdown leaves it.', { default: 5_000 }),
    critical: doc(
      z.optional(z.boolean()),
      'Whatever keeps it from being `done` makes the report’s `ok` false and the exit code of the sidecar 3.',
      { default: false },
    ),
  }),
  result: z.object({ handlerId: Text }),
  errors: ['LimitExceeded'],
  examples: [{ name: 'flush, before all others', params: { name: 'flush', order: -10, critical: true }, result: { handlerId: 'h1' } }],
});

export const removeHandler = defineMethod({
  name: 'shutdown/removeHandler',
  lane: 'state',
  summary: 'Removes a shutdown handler.',
  description: 'Also while the sidecar shuts down: then it is not run, unless it is being run already.',
  params: z.object({ handlerId: Text }),
  result: z.object({ removed: doc(z.boolean(), 'False when there was none of that id.') }),
  errors: [],
  examples: [{ name: 'removed', params: { handlerId: 'h1' }, result: { removed: true } }],
});

export const run = defineMethod({
  name: 'shutdown/run',
  lane: 'act',
  summary: 'Ends everything in order and reports how it went; with `keepRunning` only handlers and services.',
  description:
    'Handlers, then services, dependants first, then held sockets and locks. While it runs nothing new is started: such methods answer ShuttingDown. A second call, or `shutdown`, joins the first, and an earlier deadline counts. Without `keepRunning` the connection is over with the answer, as after `shutdown`; with it a later shutdown works again, and runs the handlers again.',
  params: z.object({
    reason: doc(Text, 'Why, for the handlers, the report and the log.'),
    deadlineMs: doc(z.optional(Duration), 'For all steps together; 500 ms before it whatever is left is killed.', { default: 15_000 }),
    keepRunning: doc(z.optional(z.boolean()), 'The sidecar stays, and so do its locks and leases.', { default: false }),
    workDoneToken: WorkDoneToken,
  }),
  result: ShutdownReport,
  errors: [],
  examples: [
    {
      name: 'before an update',
      params: { reason: 'update', keepRunning: true },
      result: {
        ok: true,
        reason: 'update',
        elapsedMs: 40,
        steps: [
          { kind: 'handler', name: 'flush', status: 'done', elapsedMs: 12 },
          { kind: 'service', name: 'api', status: 'done', elapsedMs: 28 },
        ],
      },
    },
  ],
});
