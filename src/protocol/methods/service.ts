import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { WorkDoneToken } from '../types/kill.ts';
import { doc, Name } from '../types/primitives.ts';
import { ServiceSpec, ServiceStatus } from '../types/service.ts';

const exampleStatus = {
  name: 'api',
  state: 'running' as const,
  ready: true,
  healthy: true,
  process: null,
  ports: [],
  exitCode: null,
  signal: null,
  restarts: 0,
  stateChangedAt: 1_790_000_000_000,
  containment: 'processGroup' as const,
};

export const start = defineMethod({
  name: 'service/start',
  lane: 'act',
  summary: 'Starts a child process that ends with the sidecar, in a session of its own.',
  description:
    'What it was started for is on disk before it runs, so that the next sidecar of this app can end what a crash has left. A running service of that name is answered as it is. Waiting ends early, with the status, when it has ended or is given up; at the time-out it stays as it is, and `data.service` says how. In `backoff` it is still on its way.',
  params: z.object({
    spec: doc(z.optional(ServiceSpec), 'What to start; needed unless `name` is given.'),
    name: doc(z.optional(Name), 'A service that was started before, to be started again as it was.'),
    waitFor: doc(
      z.optional(z.enum(['none', 'running', 'ready'])),
      'When to answer: at once, when the program runs, or when it is ready; without a readiness probe that is the same.',
      { default: 'ready' },
    ),
    timeoutMs: doc(z.optional(z.int().check(z.gte(0), z.lte(3_600_000))), 'How long to wait for that.', { default: 30_000 }),
    workDoneToken: WorkDoneToken,
  }),
  result: z.object({ service: ServiceStatus }),
  errors: ['SpawnFailed', 'NotFound', 'TimedOut', 'Conflict', 'LimitExceeded', 'Unsupported', 'ShuttingDown'],
  examples: [
    { name: 'a server', params: { spec: { name: 'api', command: 'node', args: ['server.js'] } }, result: { service: exampleStatus } },
  ],
});

export const stop = defineMethod({
  name: 'service/stop',
  lane: 'act',
  summary: 'Ends services with all that belongs to them, politely, then by force.',
  params: z.strictObject({
    name: doc(z.optional(Name), 'Which service; this or `group`.'),
    group: doc(z.optional(Name), 'All services of a group.'),
    graceMs: doc(z.optional(z.int().check(z.gte(0), z.lte(3_600_000))), 'Before SIGKILL; the spec’s own when absent.'),
    workDoneToken: WorkDoneToken,
  }),
  result: z.object({ services: z.array(ServiceStatus) }),
  errors: ['NotFound'],
  examples: [
    {
      name: 'by name',
      params: { name: 'api' },
      result: { services: [{ ...exampleStatus, state: 'stopped', ready: false, healthy: false }] },
    },
  ],
});

export const list = defineMethod({
  name: 'service/list',
  lane: 'look',
  summary: 'All services of this connection, by name, or those of a group.',
  description: 'By what is known; `process` is as it was when it was started. service/get looks at it.',
  params: z.object({ group: z.optional(Name) }),
  result: z.object({ services: z.array(ServiceStatus) }),
  errors: [],
  examples: [{ name: 'all', params: {}, result: { services: [exampleStatus] } }],
});

export const get = defineMethod({
  name: 'service/get',
  lane: 'look',
  summary: 'One service, or null when none was ever started under that name.',
  params: z.object({ name: Name }),
  result: z.object({ service: z.nullable(ServiceStatus) }),
  errors: [],
  examples: [{ name: 'there', params: { name: 'api' }, result: { service: exampleStatus } }],
});
