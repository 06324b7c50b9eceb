import * as z from 'zod/mini';
import { doc, Name, strictStruct, struct, Text, Timestamp } from './primitives.ts';
import { ProcessInfo } from './process.ts';

const StopSpec = strictStruct('StopSpec', 'How a service is asked to end.', {
  signal: doc(z.optional(z.enum(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'])), 'The polite signal.', {
    default: 'SIGTERM',
  }),
  graceMs: doc(z.optional(z.int().check(z.gte(0), z.lte(3_600_000))), 'How long before SIGKILL.', { default: 5_000 }),
});

export const ServiceSpec = strictStruct('ServiceSpec', 'A child process that the sidecar starts and answers for.', {
  name: Name,
  group: z.optional(Name),
  command: doc(Text, 'The program: an absolute path, or a name to be found on PATH. Never a shell line.'),
  args: z.optional(z.array(Text).check(z.maxLength(10_000))),
  cwd: doc(z.optional(Text), 'An absolute directory; the sidecar’s own when absent.'),
  env: doc(z.optional(z.record(z.string(), z.nullable(Text))), 'Variables to set; null removes one.'),
  inheritEnv: doc(z.optional(z.boolean()), 'Begin with the sidecar’s environment.', { default: true }),
  stop: z.optional(StopSpec),
  ownerTag: doc(z.optional(Name), 'On whose behalf; the connection’s own tag when absent.'),
});
export type ServiceSpec = z.infer<typeof ServiceSpec>;

export const ServiceState = doc(
  z.enum(['stopped', 'waiting', 'starting', 'running', 'backoff', 'stopping', 'exited', 'fatal']),
  'supervisord’s words: `stopped` on request, `exited` by itself, `fatal` could not be started.',
  { id: 'ServiceState' },
);

export const ServiceStatus = struct('ServiceStatus', 'A service, as it stands.', {
  name: Name,
  group: z.optional(Name),
  state: ServiceState,
  ready: z.boolean(),
  healthy: z.boolean(),
  process: z.nullable(ProcessInfo),
  ports: z.array(struct('ServicePort', 'A port of a service.', { name: Name, env: z.optional(Text), port: z.int() })),
  exitCode: z.nullable(z.int()),
  signal: z.nullable(Text),
  restarts: z.int(),
  stateChangedAt: Timestamp,
  containment: doc(z.enum(['job', 'cgroup', 'processGroup', 'none']), 'What keeps its descendants together, and so ends with it.'),
  cause: doc(z.optional(Text), 'Why the state last changed.'),
});
export type ServiceStatus = z.infer<typeof ServiceStatus>;
