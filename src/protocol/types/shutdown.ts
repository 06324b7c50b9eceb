import * as z from 'zod/mini';
import { Duration, doc, struct, Text } from './primitives.ts';

export const ShutdownStep = struct('ShutdownStep', 'One thing that was ended.', {
  kind: z.enum(['handler', 'service', 'lease', 'lock', 'log']),
  name: Text,
  status: z.enum(['done', 'failed', 'timeout', 'unavailable', 'skipped']),
  elapsedMs: Duration,
  error: doc(z.optional(Text), 'Why it failed, as a sentence.'),
});
export type ShutdownStep = z.infer<typeof ShutdownStep>;

export const ShutdownReport = struct('ShutdownReport', 'How the shutdown went.', {
  ok: doc(z.boolean(), 'No critical step failed.'),
  reason: Text,
  elapsedMs: Duration,
  steps: z.array(ShutdownStep),
});
export type ShutdownReport = z.infer<typeof ShutdownReport>;
