import * as z from 'zod/mini';
import { defineNotification } from '../method.ts';
import { doc, nothing } from '../types/primitives.ts';

/* What the host may tell without wanting an answer. */

export const initialized = defineNotification({
  name: 'initialized',
  summary: 'The host has read the answer to `initialize`.',
  params: z.object(nothing),
  examples: [{}],
});

export const exit = defineNotification({
  name: 'exit',
  summary: 'Ends the process: exit code 0 after a shutdown, else 1.',
  params: z.object(nothing),
  examples: [{}],
});

export const cancelRequest = defineNotification({
  name: '$/cancelRequest',
  summary: 'The host no longer wants the answer to a request.',
  params: z.object({ id: doc(z.union([z.int(), z.string()]), 'The id of the request, type-exact: 7 and "7" differ.') }),
  examples: [{ id: 7 }],
});
