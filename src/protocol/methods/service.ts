import * as z from 'zod/mini';
import { defineMethod } from '../method.ts';
import { WorkDoneToken } from '../types/kill.ts';
import { doc, Name } from '../types/primitives.ts';
import { ServiceChange, ServiceSpec, ServiceStatus } from '../types/service.ts';

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

/** Of each method that ends services. */
const command = {
  name: doc(z.optional(Name), 'Which service; this or `group`.'),
  group: doc(z.optional(Name), 'All services of a group.'),
  graceMs: doc(z.optional(z.int().check(z.gte(0), z.lte(3_600_000))), 'Before SIGKILL; the spec’s own when absent.'),
  workDoneToken: WorkDoneToken,
} as const;

export const apply = defineMethod({
  name: 'service/apply',
  lane: 'act',
  summary: 'Makes the services be as these specs say: starts, restarts and stops what differs, and nothing else.',
  description:
    'Refused as a whole when one of them could not be started: a bad spec, a circle, a name that nobody has, a program that is not there. It is answered when every change has begun, and never waits for readiness; event/service tells the rest. What runs, or is about to, by the same spec is left alone, and so is what has ended with exit code 0. A service whose dependency is restarted is restarted with it.',
  params: z.object({
    services: z.array(ServiceSpec).check(z.maxLength(1_024)),
    prune: doc(z.optional(z.boolean()), 'Also ends and removes the services of the connection’s own ownerTag that are not among these.', {
      default: false,
    }),
  }),
  result: z.object({ changes: z.array(ServiceChange) }),
  errors: ['SpawnFailed', 'LimitExceeded', 'Unsupported', 'ShuttingDown'],
  examples: [
    {
      name: 'two services, one of them new',
      params: {
        services: [
          { name: 'db', command: 'redis-server' },
          { name: 'api', command: 'node', args: ['server.js'], dependsOn: [{ name: 'db', condition: 'started' }] },
        ],
        prune: true,
      },
      result: {
        changes: [
          { name: 'db', change: 'unchanged' },
          { name: 'api', change: 'started' },
          { name: 'old', change: 'stopped' },
        ],
      },
    },
  ],
});

export const start = defineMethod({
  name: 'service/start',
  lane: 'act',
  summary: 'Starts a child process that ends with the sidecar, in a session of its own.',
  description:
    'What it depends on is started with it, unless it runs. What it was started for is on disk before it runs, so that the next sidecar of this app can end what a crash has left. A running service of that name is answered as it is. Waiting ends early, with the status, when it has ended or is given up; at the time-out it stays as it is, and `data.service` says how. In `backoff` it is still on its way.',
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
  description: 'Whatever depends on them ends first, and is answered behind them. They stay in the list.',
  params: z.strictObject(command),
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

export const restart = defineMethod({
  name: 'service/restart',
  lane: 'act',
  summary: 'Ends services as service/stop does, and starts them again, with the dependants that it stopped.',
  description:
    'Answered when their programs run or have failed to; readiness is not waited for. Nothing is ended when a program is not there any more. Ports that are handed over (passFd) stay open meanwhile.',
  params: z.strictObject(command),
  result: z.object({ services: z.array(ServiceStatus) }),
  errors: ['NotFound', 'SpawnFailed', 'ShuttingDown'],
  examples: [{ name: 'by name', params: { name: 'api' }, result: { services: [exampleStatus] } }],
});

export const remove = defineMethod({
  name: 'service/remove',
  lane: 'act',
  summary: 'Ends services as service/stop does, and forgets them with their output and their ports.',
  description:
    'Dependants are ended and stay; they cannot be started again before there is such a service. One that could not be ended is not forgotten.',
  params: z.strictObject(command),
  result: z.object({ services: z.array(ServiceStatus) }),
  errors: ['NotFound'],
  examples: [
    {
      name: 'a group',
      params: { group: 'back' },
      result: { services: [{ ...exampleStatus, group: 'back', state: 'stopped', ready: false, healthy: false }] },
    },
  ],
});

export const signal = defineMethod({
  name: 'service/signal',
  lane: 'act',
  summary: 'Sends a signal to the process of a service, and to nobody else.',
  description:
    'An end by it counts like any other end that service/stop has not asked for: what follows is as the spec’s `restart` says. On Windows SIGKILL alone is supported.',
  params: z.object({
    name: Name,
    signal: z.enum(['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGKILL', 'SIGUSR1', 'SIGUSR2', 'SIGSTOP', 'SIGCONT', 'SIGWINCH']),
  }),
  result: z.null(),
  errors: ['NotFound', 'InvalidState', 'Unsupported'],
  examples: [{ name: 'read the configuration again', params: { name: 'api', signal: 'SIGHUP' }, result: null }],
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
