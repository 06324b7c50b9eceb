import * as z from 'zod/mini';
import { Bytes, doc, Name, Port, portPlaceholder, strictStruct, struct, Text, Timestamp } from './primitives.ts';
import { Probe } from './probe.ts';
import { ProcessInfo } from './process.ts';

const longest = 3_600_000;
const milliseconds = z.int().check(z.gte(0), z.lte(longest));
const mebibyte = 1024 * 1024;

const Dependency = strictStruct('Dependency', 'Another service that comes first.', {
  name: Name,
  condition: doc(
    z.enum(['started', 'ready', 'completed']),
    '`started`: its program runs; `ready`: it is ready; `completed`: it has ended with exit code 0.',
  ),
});
export type Dependency = z.infer<typeof Dependency>;

const ServicePortSpec = strictStruct('ServicePortSpec', 'A port that a service gets.', {
  name: doc(Name, `For ${portPlaceholder}, and in the status.`),
  env: doc(z.optional(Text), 'The variable that tells it to the program.'),
  port: doc(z.optional(Port), 'This one and no other; one is allocated when absent.'),
  key: doc(z.optional(Name), 'The same port for the same key, across restarts of the app.'),
  host: doc(z.optional(Text), 'The local address that it will be bound to.'),
  passFd: doc(z.optional(z.boolean()), 'Hand it over listening, as a descriptor from 3 on (LISTEN_FDS).', { default: false }),
});

const RestartSpec = strictStruct('RestartSpec', 'What follows when a service ends by itself, or is found to be ill.', {
  policy: doc(
    z.optional(z.enum(['never', 'onFailure', 'always'])),
    '`onFailure`: after a signal, an exit code other than 0, or a failed liveness probe.',
    { default: 'onFailure' },
  ),
  backoffMs: doc(z.optional(milliseconds), 'Before the first restart; doubled with each, and varied by up to a fifth.', { default: 500 }),
  maxBackoffMs: doc(z.optional(milliseconds), 'The doubling ends here.', { default: 30_000 }),
  resetAfterMs: doc(z.optional(milliseconds), 'Ready and healthy for so long, it begins with `backoffMs` again.', { default: 10_000 }),
  maxRestarts: doc(
    z.optional(z.int().check(z.gte(-1), z.lte(1_000_000))),
    'So many restarts within `windowMs`; the next failure is `fatal`. -1: no limit.',
    { default: 5 },
  ),
  windowMs: doc(z.optional(z.int().check(z.gte(1), z.lte(24 * longest))), 'The span in which restarts are counted.', { default: 60_000 }),
});
export type RestartSpec = z.infer<typeof RestartSpec>;

const StopSpec = strictStruct('StopSpec', 'How a service is asked to end.', {
  signal: doc(z.optional(z.enum(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'])), 'The polite signal.', {
    default: 'SIGTERM',
  }),
  graceMs: doc(z.optional(milliseconds), 'How long before SIGKILL.', { default: 5_000 }),
  stdinClose: doc(z.optional(z.boolean()), 'Close its input first, and signal when the grace is half over.', { default: false }),
});

const ServiceLimits = strictStruct('ServiceLimits', 'What a service may use.', {
  rssBytes: doc(z.optional(Bytes), 'Resident memory of its whole tree; over it, it is restarted, gracefully.'),
});

const LogsSpec = strictStruct('LogsSpec', 'What is kept of a service’s output.', {
  ringBytes: doc(z.optional(z.int().check(z.gte(0), z.lte(4 * mebibyte))), 'In memory.', { default: 64 * 1024 }),
  file: doc(z.optional(Text), 'An absolute path, to which every line is appended.'),
  maxBytes: doc(z.optional(z.int().check(z.gte(1))), 'A file as large as this is set aside.', { default: 10 * mebibyte }),
  keep: doc(z.optional(z.int().check(z.gte(0), z.lte(1_000))), 'How many set aside are kept.', { default: 5 }),
});

export const ServiceSpec = strictStruct('ServiceSpec', 'A child process that the sidecar starts and answers for.', {
  name: Name,
  group: z.optional(Name),
  command: doc(Text, 'The program: an absolute path, or a name to be found on PATH. Never a shell line.'),
  args: z.optional(z.array(Text).check(z.maxLength(10_000))),
  cwd: doc(z.optional(Text), 'An absolute directory; the sidecar’s own when absent.'),
  env: doc(z.optional(z.record(z.string(), z.nullable(Text))), 'Variables to set; null removes one.'),
  inheritEnv: doc(z.optional(z.boolean()), 'Begin with the sidecar’s environment.', { default: true }),
  stdin: doc(z.optional(z.enum(['none', 'pipe'])), 'Its standard input: empty, or what service/write sends.', { default: 'none' }),
  dependsOn: doc(z.optional(z.array(Dependency).check(z.maxLength(1_024))), 'Started first, and stopped last.'),
  ports: z.optional(z.array(ServicePortSpec).check(z.maxLength(64))),
  readiness: doc(z.optional(Probe), 'Ready once it succeeds, and for as long as it does. Without one it is ready as soon as it runs.'),
  liveness: doc(z.optional(Probe), 'Restarted when it fails.'),
  restart: z.optional(RestartSpec),
  stop: z.optional(StopSpec),
  limits: z.optional(ServiceLimits),
  logs: z.optional(LogsSpec),
  persistent: doc(
    z.optional(z.boolean()),
    'Survives the sidecar, writes `logs.file` itself, and is adopted by the next sidecar of the app.',
    { default: false },
  ),
  ownerTag: doc(z.optional(Name), 'On whose behalf; the connection’s own tag when absent.'),
});
export type ServiceSpec = z.infer<typeof ServiceSpec>;

export const ServiceState = doc(
  z.enum(['stopped', 'waiting', 'starting', 'running', 'backoff', 'stopping', 'exited', 'fatal']),
  'supervisord’s words: `stopped` on request, `waiting` for a dependency, `backoff` until the next restart, `exited` by itself, `fatal` given up.',
  { id: 'ServiceState' },
);

const ServicePort = struct('ServicePort', 'A port of a service.', { name: Name, env: z.optional(Text), port: z.int() });

export const ServiceStatus = struct('ServiceStatus', 'A service, as it stands.', {
  name: Name,
  group: z.optional(Name),
  state: ServiceState,
  ready: doc(z.boolean(), 'It runs, and its readiness probe succeeds.'),
  healthy: doc(z.boolean(), 'It runs, and its liveness probe has not failed.'),
  process: doc(z.nullable(ProcessInfo), 'The program that was started; null while none runs.'),
  ports: z.array(ServicePort),
  exitCode: doc(z.nullable(z.int()), 'Of its last end; null while it runs, or where a signal ended it.'),
  signal: doc(z.nullable(Text), 'Which signal ended it last.'),
  restarts: doc(z.int(), 'How often it was restarted without being asked to.'),
  stateChangedAt: Timestamp,
  containment: doc(z.enum(['job', 'cgroup', 'processGroup', 'none']), 'What keeps its descendants together, and so ends with it.'),
  cause: doc(z.optional(Text), 'Why the state last changed, with the last lines of output after a failure.'),
});
export type ServiceStatus = z.infer<typeof ServiceStatus>;

export const ServiceChange = struct('ServiceChange', 'What service/apply does to a service.', {
  name: Name,
  change: z.enum(['started', 'restarted', 'stopped', 'unchanged']),
});
