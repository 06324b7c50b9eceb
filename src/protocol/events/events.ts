import * as z from 'zod/mini';
import { defineNotification } from '../method.ts';
import { PortEntry } from '../types/port.ts';
import { doc, Name, Port, Protocol, struct, Text, Timestamp } from '../types/primitives.ts';
import { ProcessInfo } from '../types/process.ts';
import { ServiceStatus } from '../types/service.ts';
import { LogLine } from '../types/serviceLog.ts';
import { ShutdownPhase, ShutdownStep } from '../types/shutdown.ts';

export const Topic = doc(z.enum(['service', 'serviceLog', 'process', 'port', 'instance', 'shutdown']), 'What a subscription is about.', {
  id: 'Topic',
});
export type Topic = z.infer<typeof Topic>;

/** What every event carries beside its payload. */
const envelope = {
  subscriptionId: Text,
  seq: doc(z.int().check(z.gte(1)), 'Counts the notifications of a subscription without a gap; given after dropping.'),
  at: Timestamp,
} as const;

const portPayload = {
  port: Port,
  protocol: Protocol,
  entries: doc(z.array(PortEntry), 'Who holds it now; empty when nobody does.'),
} as const;
export const PortEventPayload = struct('PortEventPayload', 'A port whose holders changed.', portPayload);

const ProcessChange = doc(z.enum(['started', 'exited', 'changed']), 'What happened to it.', { id: 'ProcessChange' });

const processPayload = {
  process: doc(ProcessInfo, 'As it is now; on `exited` as it was last seen.'),
  change: ProcessChange,
  exitCode: doc(z.optional(z.int()), 'Known for our own children.'),
  signal: doc(z.optional(Text), 'Known for our own children.'),
} as const;
export const ProcessEventPayload = struct('ProcessEventPayload', 'A process that started, ended or changed.', processPayload);

const instancePayload = {
  lockId: Text,
  change: doc(
    z.enum(['lost']),
    'Its file was renamed, replaced or deleted, so that it excludes nobody any more; the lock is given up, and may be acquired anew.',
  ),
} as const;
export const InstanceEventPayload = struct('InstanceEventPayload', 'What became of a lock that was held.', instancePayload);

export const port = defineNotification({
  name: 'event/port',
  summary: 'The holders of a port changed.',
  params: z.object({ ...envelope, ...portPayload }),
  examples: [{ subscriptionId: 's1', seq: 1, at: 1_790_000_000_000, port: 3000, protocol: 'tcp', entries: [] }],
});

export const process = defineNotification({
  name: 'event/process',
  summary: 'A process started, ended or changed its status.',
  params: z.object({ ...envelope, ...processPayload }),
  examples: [
    {
      subscriptionId: 's1',
      seq: 2,
      at: 1_790_000_000_000,
      change: 'exited',
      process: {
        pid: 4242,
        ppid: 1,
        startedAt: 1_790_000_000_000,
        identity: '0f6d3c1a-4242-99120-7731',
        name: 'node',
        executable: null,
        commandLine: null,
        cwd: null,
        user: null,
        status: 'sleeping',
        rssBytes: null,
        visibility: 'partial',
      },
    },
  ],
});

const servicePayload = { service: doc(ServiceStatus, 'As it stands now.') } as const;
export const ServiceEventPayload = struct('ServiceEventPayload', 'A service that changed.', servicePayload);

export const service = defineNotification({
  name: 'event/service',
  summary: 'A service changed: its state, its readiness, or the reason for either.',
  params: z.object({ ...envelope, ...servicePayload }),
  examples: [
    {
      subscriptionId: 's1',
      seq: 5,
      at: 1_790_000_000_000,
      service: {
        name: 'api',
        state: 'backoff',
        ready: false,
        healthy: false,
        process: null,
        ports: [],
        exitCode: 3,
        signal: null,
        restarts: 1,
        stateChangedAt: 1_790_000_000_000,
        containment: 'cgroup',
        cause: 'It ended by itself with exit code 3. It wrote last: cannot read config.json',
      },
    },
  ],
});

export const shutdown = defineNotification({
  name: 'event/shutdown',
  summary: 'How far a shutdown has come: a phase has begun, or a step of it has ended.',
  params: z.object({
    ...envelope,
    phase: ShutdownPhase,
    step: doc(z.optional(ShutdownStep), 'The step that has ended; absent when the phase has begun.'),
  }),
  examples: [
    {
      subscriptionId: 's1',
      seq: 2,
      at: 1_790_000_000_000,
      phase: 'handlers',
      step: { kind: 'handler', name: 'flush', status: 'done', elapsedMs: 12 },
    },
  ],
});

export const serviceLog = defineNotification({
  name: 'event/serviceLog',
  summary: 'Lines that a service wrote, at most 50 ms or 64 KiB of them at once.',
  params: z.object({ ...envelope, name: doc(Name, 'The service.'), lines: z.array(LogLine) }),
  examples: [
    {
      subscriptionId: 's1',
      seq: 4,
      at: 1_790_000_000_000,
      name: 'api',
      lines: [{ seq: 7, stream: 'stdout', at: 1_790_000_000_000, text: 'listening' }],
    },
  ],
});

export const instance = defineNotification({
  name: 'event/instance',
  summary: 'A lock that this host held is lost.',
  params: z.object({ ...envelope, ...instancePayload }),
  examples: [{ subscriptionId: 's1', seq: 1, at: 1_790_000_000_000, lockId: 'l1', change: 'lost' }],
});

export const overflow = defineNotification({
  name: 'event/overflow',
  summary: 'The host read too slowly: events of this topic were dropped.',
  params: z.object({ ...envelope, topic: Topic, dropped: doc(z.int().check(z.gte(1)), 'How many since the last one.') }),
  examples: [{ subscriptionId: 's1', seq: 3, at: 1_790_000_000_000, topic: 'port', dropped: 17 }],
});
