import * as z from 'zod/mini';
import { Bytes, doc, Name, Port, Protocol, struct, Text, Timestamp } from './primitives.ts';

/* What sidecar/status tells. */

export const ManagedPortStatus = struct('ManagedPortStatus', 'A registered port, and how it was at the last look.', {
  port: Port,
  protocol: Protocol,
  name: Name,
  registeredAt: Timestamp,
  inUse: doc(z.nullable(z.boolean()), 'Somebody held it then; null while nobody has looked yet.'),
  checkedAt: doc(z.nullable(Timestamp), 'When that was. Asking has it looked at again, for the next answer.'),
});
export type ManagedPortStatus = z.infer<typeof ManagedPortStatus>;

export const InstanceStatus = struct('InstanceStatus', 'The single-instance lock that this connection holds.', {
  lockId: Text,
  name: Name,
  scope: z.enum(['user', 'path']),
});
export type InstanceStatus = z.infer<typeof InstanceStatus>;

export const HandlerStatus = struct('HandlerStatus', 'A shutdown handler of this connection.', {
  handlerId: Text,
  name: Name,
  order: z.int(),
});
export type HandlerStatus = z.infer<typeof HandlerStatus>;

export const PoolStatus = struct('PoolStatus', 'The threads that look at the system.', {
  threads: doc(z.int(), 'Of them busy.'),
  queued: doc(z.int(), 'Looks that wait for one.'),
});

export const OutboundStatus = struct('OutboundStatus', 'What this connection has to say.', {
  queuedBytes: doc(Bytes, 'Not taken by the system yet, because the host does not read.'),
  dropped: doc(z.int(), 'Events that were dropped for that reason, since the beginning.'),
});
