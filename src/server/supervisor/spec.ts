import { isDeepStrictEqual } from 'node:util';
import { fail } from '../../protocol/errors.ts';
import type { Probe } from '../../protocol/types/probe.ts';
import type { Dependency, RestartSpec, ServiceSpec } from '../../protocol/types/service.ts';
import { isPosix } from '../os/posix.ts';
import type { LogsOrder } from './output/outputs.ts';
import type { ServicePortSpec } from './servicePorts.ts';
import { findSpecIssues } from './specIssues.ts';

type StopSpec = NonNullable<ServiceSpec['stop']>;

/** A spec with the contract’s defaults in it. */
export interface CompleteSpec extends Omit<ServiceSpec, 'readiness' | 'liveness'> {
  args: string[];
  env: Record<string, string | null>;
  inheritEnv: boolean;
  stdin: 'none' | 'pipe';
  dependsOn: Dependency[];
  ports: ServicePortSpec[];
  readiness?: CompleteProbe;
  liveness?: CompleteProbe;
  restart: { [Member in keyof RestartSpec]-?: NonNullable<RestartSpec[Member]> };
  stop: { signal: NonNullable<StopSpec['signal']>; graceMs: number; stdinClose: boolean };
  logs: LogsOrder;
}

/** How often is asked, and how many answers in a row count. */
export interface Rhythm {
  initialDelayMs: number;
  periodMs: number;
  timeoutMs: number;
  successThreshold: number;
  failureThreshold: number;
}

export type CompleteProbe = Probe & Rhythm;

/**
 * Throws InvalidParams, with each issue, for what no system could start, and Unsupported for what this build cannot do. `paths` say
 * where each of them stands in the params.
 */
export function completeSpecs(specs: readonly ServiceSpec[], paths: readonly string[], ownerTag: string | undefined): CompleteSpec[] {
  for (const spec of specs) refuseUnsupported(spec);
  const issues = specs.flatMap((spec, index) => {
    const isTwice = specs.findIndex(({ name }) => name === spec.name) !== index;
    const own = isTwice ? [...findSpecIssues(spec), { path: 'name', message: 'is there twice' }] : findSpecIssues(spec);
    return own.map(({ path, message }) => ({ path: `${paths[index]}.${path}`, message, service: spec.name }));
  });
  const [first] = issues;
  if (first !== undefined) {
    const sentence = issues.map(({ path, message }) => `${path} ${message}`).join('; ');
    throw fail('InvalidParams', `The service ${first.service} cannot be started like this: ${sentence}.`, {
      issues: issues.map(({ path, message }) => ({ path, message })),
    });
  }
  return specs.map((spec) => complete(spec, ownerTag));
}

/** As a ledger has it: checked like one that a host sends. Null for what this sidecar would refuse. */
export async function readSpec(written: unknown): Promise<CompleteSpec | null> {
  const { ServiceSpec: schema } = await import('../../protocol/types/service.ts');
  const { success, data } = schema.safeParse(written);
  if (!success) return null;
  try {
    return completeSpecs([data], ['spec'], undefined)[0] ?? null;
  } catch {
    return null;
  }
}

/** Whether two specs ask for the same; how they were written does not count. */
export function sameSpec(left: CompleteSpec, right: CompleteSpec): boolean {
  return left === right || isDeepStrictEqual(left, right);
}

function complete(spec: ServiceSpec, ownerTag: string | undefined): CompleteSpec {
  const { args = [], env = {}, inheritEnv = true, stdin = 'none', dependsOn = [], ports = [], ...others } = spec;
  const { readiness, liveness, restart, stop, logs = {}, ...rest } = others;
  const { ringBytes = 64 * 1024, file, maxBytes = 10 * 1024 * 1024, keep = 5 } = logs;
  const tag = spec.ownerTag ?? ownerTag;
  return {
    ...rest,
    args,
    env,
    inheritEnv,
    stdin,
    dependsOn,
    ports,
    ...(readiness && { readiness: completeProbe(readiness) }),
    ...(liveness && { liveness: completeProbe(liveness) }),
    restart: withDefaults(restart, defaultRestart),
    stop: { signal: stop?.signal ?? 'SIGTERM', graceMs: stop?.graceMs ?? 5_000, stdinClose: stop?.stdinClose ?? false },
    logs: { ringBytes, maxBytes, keep, ...(file !== undefined && { file }) },
    ...(tag !== undefined && { ownerTag: tag }),
  };
}

const defaultRestart: CompleteSpec['restart'] = {
  policy: 'onFailure',
  backoffMs: 500,
  maxBackoffMs: 30_000,
  resetAfterMs: 10_000,
  maxRestarts: 5,
  windowMs: 60_000,
};

const defaultRhythm: Rhythm = { initialDelayMs: 0, periodMs: 1_000, timeoutMs: 1_000, successThreshold: 1, failureThreshold: 3 };

const completeProbe = (probe: Probe): CompleteProbe => ({ ...probe, ...withDefaults(probe as Partial<Rhythm>, defaultRhythm) });

/** The members of `defaults`, as given or as they are there. */
function withDefaults<Members extends object>(given: { [Member in keyof Members]?: unknown } | undefined, defaults: Members): Members {
  const names = Object.keys(defaults) as (keyof Members)[];
  return Object.fromEntries(names.map((name) => [name, given?.[name] ?? defaults[name]])) as Members;
}

/** Never ignored: a service without it is another one. */
function refuseUnsupported({ name, persistent }: ServiceSpec): void {
  if (persistent !== true || isPosix) return;
  const why = 'on Windows a job object ends with the sidecar, and all of its services with that';
  throw fail('Unsupported', `${name} was not started, because nothing can be persistent here: ${why}. Leave persistent out.`, {
    capability: 'service.persistent',
    platform: 'win32',
  });
}
