import * as z from 'zod/mini';
import { defineHostCall } from '../method.ts';
import { SecondInstancePayload, SecondInstanceSender } from '../types/instance.ts';
import { Duration, doc, Name, Text } from '../types/primitives.ts';

export const runShutdownHandler = defineHostCall({
  name: 'host/runShutdownHandler',
  summary: 'Run this handler now: the sidecar shuts down.',
  description:
    'Asked of a host with the capability `shutdownHandlers`, once for each handler that it added. Answer null when it is done, or an error, which is recorded while the rest goes on. After the handler’s time-out `$/cancelRequest` follows, and no answer is waited for any more.',
  params: z.object({
    handlerId: Text,
    name: Name,
    reason: doc(Text, 'Why the sidecar shuts down.'),
    remainingMs: doc(Duration, 'How long the answer is waited for.'),
  }),
  result: z.null(),
  examples: [{ name: 'flush', params: { handlerId: 'h1', name: 'flush', reason: 'shutdown', remainingMs: 5_000 }, result: null }],
});

export const secondInstance = defineHostCall({
  name: 'host/secondInstance',
  summary: 'Another instance of the app was started, and this is what it has to say.',
  description:
    'Asked of a host with the capability `secondInstance` while it holds the lock. What is answered travels back to the host of the other instance.',
  params: z.object({
    lockId: Text,
    payload: SecondInstancePayload,
    from: SecondInstanceSender,
  }),
  result: z.object({
    handled: doc(z.boolean(), 'The host did something with it: opened a window, say.'),
    reply: doc(z.optional(z.unknown()), 'For the other instance.'),
  }),
  examples: [
    {
      name: 'a file to open',
      params: {
        lockId: 'l1',
        payload: { argv: ['my-app', 'notes.txt'], cwd: '/home/ada' },
        from: { pid: 4243, clientInfo: { name: 'my-app' } },
      },
      result: { handled: true, reply: { window: 2 } },
    },
  ],
});
