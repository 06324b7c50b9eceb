import * as z from 'zod/mini';
import { Bytes, doc, Pid, struct, Text, Timestamp } from './primitives.ts';

export const ProtocolRange = struct('ProtocolRange', 'The protocol versions one side speaks.', { min: z.int(), max: z.int() });

export const ServerInfo = struct('ServerInfo', 'Which sidecar answers.', {
  name: Text,
  version: Text,
  pid: Pid,
  startedAt: Timestamp,
  node: doc(Text, 'The version of Node.js that runs it.'),
  platform: doc(Text, '`linux`, `darwin` or `win32`.'),
  arch: Text,
});

export const ServerCapabilities = struct(
  'ServerCapabilities',
  'What works here; what does not is answered `Unsupported` with a sentence.',
  {
    native: doc(z.boolean(), 'Foreign-function calls are available.'),
    killIdentity: doc(
      z.enum(['handle', 'checked']),
      '`handle`: signals go through a handle that cannot name another process; `checked`: check and signal back to back.',
    ),
    containment: doc(z.array(z.enum(['job', 'cgroup', 'processGroup'])), 'How services can be kept together.'),
    portOwners: doc(z.enum(['all', 'ownUser']), 'Whose processes can be named as owners of a port.'),
    socketSource: doc(z.enum(['kernel', 'procfs', 'command']), 'Where the socket table comes from.'),
    experimental: doc(z.optional(z.record(z.string(), z.unknown())), 'Not promised yet.'),
  },
);
export type ServerCapabilities = z.infer<typeof ServerCapabilities>;

export const Limits = struct('Limits', 'What the sidecar bounds, for one connection unless said otherwise.', {
  requestsInFlight: doc(z.int(), 'Requests under way; one more is Overloaded.'),
  waitsInFlight: doc(z.int(), 'Waiting requests under way, counted apart.'),
  bodyBytes: doc(Bytes, 'One inbound body.'),
  inboundBytes: doc(Bytes, 'All inbound bodies under way.'),
  outboundBodyBytes: doc(Bytes, 'One outbound body.'),
  outboundHighWaterBytes: doc(Bytes, 'Queued output over which events are dropped and counted.'),
  jsonDepth: doc(z.int(), 'Nesting of objects and arrays in one inbound body.'),
  services: z.int(),
  leases: z.int(),
  handlers: z.int(),
  subscriptions: z.int(),
  logRingBytes: doc(Bytes, 'All rings of service output.'),
});
export type Limits = z.infer<typeof Limits>;
