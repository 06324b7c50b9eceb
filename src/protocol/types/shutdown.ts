import * as z from 'zod/mini';
import { Duration, doc, struct, Text } from './primitives.ts';

export const ShutdownStep = struct('ShutdownStep', 'One thing that was ended.', {
  kind: z.enum(['handler', 'service', 'lease', 'lock', 'log']),
  name: Text,
  status: doc(
    z.enum(['done', 'failed', 'timeout', 'unavailable', 'skipped']),
    '`unavailable`: nobody was there to run the handler. `skipped`: no time was left to begin it.',
  ),
  elapsedMs: Duration,
  error: doc(z.optional(Text), 'Why it is not `done`, as a sentence.'),
});
export type ShutdownStep = z.infer<typeof ShutdownStep>;

export const ShutdownReport = struct('ShutdownReport', 'How the shutdown went.', {
  ok: doc(z.boolean(), 'Everything is `done` but, at most, handlers that are not critical.'),
  reason: Text,
  elapsedMs: Duration,
  steps: doc(z.array(ShutdownStep), 'In the order in which they began.'),
});
export type ShutdownReport = z.infer<typeof ShutdownReport>;

export const ShutdownPhase = doc(
  z.enum(['handlers', 'services', 'holdings', 'log', 'done']),
  'What is being ended: handlers, services, what the sidecar itself holds (sockets and locks), its log; and then all is done.',
);
export type ShutdownPhase = z.infer<typeof ShutdownPhase>;
