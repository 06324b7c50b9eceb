import * as z from 'zod/mini';
import { InstanceEventPayload, PortEventPayload, ProcessEventPayload, ServiceEventPayload, Topic } from '../events/events.ts';
import { defineMethod } from '../method.ts';
import { doc, Name, Port, strictStruct, struct, Text } from '../types/primitives.ts';
import { ProcessRef } from '../types/process.ts';

const EventFilter = strictStruct('EventFilter', 'What a subscription is about.', {
  services: z.optional(z.array(Name).check(z.maxLength(1_024))),
  ports: doc(z.optional(z.array(Port).check(z.maxLength(64))), 'For topic `port`, TCP and UDP alike.'),
  targets: doc(z.optional(z.array(ProcessRef).check(z.maxLength(64))), 'For topic `process`.'),
});

const Snapshot = struct('Snapshot', 'How things stand at the beginning of a subscription; what events follow starts from here.', {
  service: z.optional(z.array(ServiceEventPayload)),
  process: z.optional(z.array(ProcessEventPayload)),
  port: z.optional(z.array(PortEventPayload)),
  instance: doc(z.optional(z.array(InstanceEventPayload)), 'The locks that were lost before.'),
});

export const subscribe = defineMethod({
  name: 'events/subscribe',
  lane: 'life',
  summary: 'Asks for notifications; answers with how things stand.',
  description:
    'Ports and processes are sampled every intervalMs, what happens in between is not seen; a process’ end is noticed at once where handles are available. A host that does not read loses events, not memory: event/overflow counts them.',
  params: z.object({
    topics: z.array(Topic).check(z.minLength(1), z.maxLength(16)),
    filter: z.optional(EventFilter),
    intervalMs: doc(z.optional(z.int().check(z.gte(250), z.lte(3_600_000))), 'Between two samples.', { default: 1_000 }),
  }),
  result: z.object({ subscriptionId: Text, snapshot: Snapshot }),
  errors: ['LimitExceeded', 'Unsupported', 'PermissionDenied'],
  examples: [
    {
      name: 'one port',
      params: { topics: ['port'], filter: { ports: [3000] } },
      result: {
        subscriptionId: 's1',
        snapshot: {
          port: [
            { port: 3000, protocol: 'tcp', entries: [] },
            { port: 3000, protocol: 'udp', entries: [] },
          ],
        },
      },
    },
  ],
});

export const unsubscribe = defineMethod({
  name: 'events/unsubscribe',
  lane: 'life',
  summary: 'Ends a subscription; nothing of it follows the answer.',
  params: z.object({ subscriptionId: Text }),
  result: z.object({ removed: doc(z.boolean(), 'False when there was none of that id.') }),
  errors: [],
  examples: [{ name: 'ended', params: { subscriptionId: 's1' }, result: { removed: true } }],
});
