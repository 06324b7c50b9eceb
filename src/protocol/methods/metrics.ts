import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { doc, nothing, Text } from '../types/primitives.ts';

export const get = defineMethod({
  name: 'metrics/get',
  lane: 'look',
  summary: 'Numbers for a monitoring system, as OpenMetrics text.',
  description:
    'Services (up, ready, healthy, restarts, processes, CPU time, memory, lifetime, and the same by group), managed ports, requests by method and outcome with their durations, threads, and the lag of the event loop, which is watched from the first question on. The sidecar opens no port for it: serve the text where your application serves its own.',
  params: z.object(nothing),
  result: z.object({
    openmetrics: doc(Text, 'Of the type `application/openmetrics-text; version=1.0.0; charset=utf-8`.'),
  }),
  errors: [],
  examples: [
    {
      name: 'the beginning of it',
      params: {},
      result: {
        openmetrics:
          '# HELP sidewarden_managed_ports Ports that this run has registered.\n# TYPE sidewarden_managed_ports gauge\nsidewarden_managed_ports 2\n# EOF\n',
      },
    },
  ],
});
