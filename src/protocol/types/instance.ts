import * as z from 'zod/mini';
import { ClientInfo } from './client.ts';
import { doc, Pid, struct, Text } from './primitives.ts';

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
