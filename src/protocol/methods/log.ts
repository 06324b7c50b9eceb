import * as z from 'zod/mini';
import { defineMethod, defineNotification } from '../method.ts';
import { doc, Text } from '../types/primitives.ts';

export const error = defineMethod({
  name: 'log/error',
  lane: 'state',
  summary: 'Writes an error of the host into the sidecar’s log.',
  description:
    'One line at level `error`. Members of `context` whose names look like credentials are redacted at any depth, and so are passwords in URLs. Long texts are cut.',
  params: z.object({
    name: doc(z.optional(Text), 'Its class, such as `TypeError`.'),
    message: Text,
    stack: z.optional(Text),
    context: doc(z.optional(z.record(z.string(), z.unknown())), 'Whatever helps to understand it.'),
  }),
  result: z.null(),
  errors: [],
  examples: [
    {
      name: 'from a renderer',
      params: {
        name: 'TypeError',
        message: 'x is undefined',
        stack: 'TypeError: x is undefined\n    at main.js:1:1',
        context: { window: 2 },
      },
      result: null,
    },
  ],
});

export const logMessage = defineNotification({
  name: 'window/logMessage',
  summary: 'A warning or an error from the sidecar’s own log, as LSP tells it.',
  params: z.object({
    type: doc(z.int().check(z.gte(1), z.lte(4)), 'LSP’s MessageType: 1 error, 2 warning, 3 info, 4 log. Only 1 and 2 are sent so far.'),
    message: doc(Text, 'One sentence. Its details, paths and stack traces among them, are in the log only.'),
  }),
  examples: [{ type: 2, message: 'registrations could not be written; they are kept in memory, and the next run will not know them' }],
});
