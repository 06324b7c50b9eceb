import * as z from 'zod/mini';
import { doc, struct, Text, Timestamp } from './primitives.ts';

export const LogLine = struct('LogLine', 'A line that a service wrote.', {
  seq: doc(z.int().check(z.gte(1)), 'Counts the lines of a service, over all its starts.'),
  stream: z.enum(['stdout', 'stderr']),
  at: Timestamp,
  text: doc(Text, 'Without its end. Bytes that are no UTF-8 are U+FFFD here; in a log file they are as they were.'),
  truncated: doc(z.optional(z.boolean()), 'The line was longer: this is its beginning, 16 KiB at most.'),
});
export type LogLine = z.infer<typeof LogLine>;
