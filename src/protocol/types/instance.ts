import * as z from 'zod/mini';
import { ClientInfo } from './client.ts';
import { doc, Pid, struct, Text, Timestamp } from './primitives.ts';
import { Identity } from './process.ts';

export const SecondInstancePayload = struct('SecondInstancePayload', 'What a second instance tells the first: 64 KiB of JSON at most.', {
  argv: doc(z.optional(z.array(Text)), 'Its command line.'),
  cwd: doc(z.optional(Text), 'Its working directory.'),
  data: doc(z.optional(z.unknown()), 'Whatever the two agree on.'),
});
export type SecondInstancePayload = z.infer<typeof SecondInstancePayload>;

export const SecondInstanceSender = struct('SecondInstanceSender', 'Who the second instance is.', {
  pid: doc(Pid, 'Its host, or its sidecar where the host named no process.'),
  clientInfo: z.optional(ClientInfo),
});
export type SecondInstanceSender = z.infer<typeof SecondInstanceSender>;

export const HolderProcess = struct('HolderProcess', 'A process of the instance that holds a lock.', {
  pid: doc(Pid, 'As its own pid namespace counts it.'),
  startedAt: Timestamp,
  identity: doc(z.optional(Identity), 'For process/wait and its like.'),
});
export type HolderProcess = z.infer<typeof HolderProcess>;

export const InstanceHolder = struct('InstanceHolder', 'Who holds a lock, as it tells itself; nobody can take it away from there.', {
  host: doc(z.nullable(HolderProcess), 'Null where it named no process, or could not be asked.'),
  sidecar: doc(z.nullable(HolderProcess), 'Null where the lock is held by one that cannot be seen from here.'),
  closing: doc(z.boolean(), 'It shuts down, and lets go in a moment.'),
});
export type InstanceHolder = z.infer<typeof InstanceHolder>;
