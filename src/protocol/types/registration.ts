import * as z from 'zod/mini';
import { doc, Name, Port, Protocol, struct, Text, Timestamp } from './primitives.ts';

export const ManagedPort = struct('ManagedPort', 'A port that the app calls its own.', {
  port: Port,
  protocol: Protocol,
  name: Name,
  registeredAt: Timestamp,
});
export type ManagedPort = z.infer<typeof ManagedPort>;

export const Eviction = z.enum(['owned', 'any']);

export const Lease = struct('Lease', 'A port that was handed out and is nobody else’s until it is released.', {
  leaseId: Text,
  port: Port,
  held: doc(z.boolean(), 'The sidecar has it bound, without SO_REUSEADDR and not listening: nobody can take it.'),
  expiresAt: doc(z.optional(Timestamp), 'When it releases itself.'),
});
export type Lease = z.infer<typeof Lease>;
