import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { doc, nothing, Timestamp } from '../types/primitives.ts';

export const discover = defineMethod({
  name: 'rpc.discover',
  lane: 'look',
  summary: 'The OpenRPC document of this very sidecar.',
  description: 'Answered at any time, also before `initialize`. Equal to the published clients/spec/openrpc.json.',
  params: z.object(nothing),
  result: z.record(z.string(), z.unknown()),
  errors: [],
  examples: [],
});

export const ping = defineMethod({
  name: 'sidecar/ping',
  lane: 'life',
  summary: 'Answers at once, from the event loop.',
  params: z.object({ echo: doc(z.optional(z.unknown()), 'Comes back as it is.') }),
  result: z.object({ echo: z.optional(z.unknown()), at: Timestamp }),
  errors: [],
  examples: [{ name: 'with an echo', params: { echo: 'ünïcode' }, result: { echo: 'ünïcode', at: 1_790_000_000_000 } }],
});
