import * as z from 'zod/mini';
import { defineNotification } from '../method.ts';
import { doc, struct, Text } from '../types/primitives.ts';

const begin = struct('WorkDoneBegin', 'It has begun.', {
  kind: z.literal('begin'),
  title: Text,
  message: z.optional(Text),
  percentage: z.optional(z.int()),
});
const report = struct('WorkDoneReport', 'It goes on.', {
  kind: z.literal('report'),
  message: z.optional(Text),
  percentage: z.optional(z.int()),
});
const end = struct('WorkDoneEnd', 'It is over; the answer follows.', { kind: z.literal('end'), message: z.optional(Text) });

const WorkDone = z.discriminatedUnion('kind', [begin, report, end]);
z.globalRegistry.add(WorkDone, { id: 'WorkDone', description: 'How far a request has come, as LSP tells it.' });

export const progress = defineNotification({
  name: '$/progress',
  summary: 'How far a request with a workDoneToken has come.',
  params: z.object({ token: doc(z.union([z.int(), z.string()]), 'The workDoneToken of the request.'), value: WorkDone }),
  examples: [{ token: 'kill-1', value: { kind: 'report', message: 'SIGTERM to 3 processes' } }],
});
