import { isAbsolute } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { fail } from '../../protocol/errors.ts';
import type { ServiceSpec } from '../../protocol/types/service.ts';

type StopSpec = NonNullable<ServiceSpec['stop']>;

/** A spec with the contract’s defaults in it. */
export interface CompleteSpec extends ServiceSpec {
  args: string[];
  env: Record<string, string | null>;
  inheritEnv: boolean;
  stop: { signal: NonNullable<StopSpec['signal']>; graceMs: number };
}

/** Throws InvalidParams, with each issue, for what no system could start, and Unsupported for what this build cannot do. */
export function completeSpec(spec: ServiceSpec, ownerTag: string | undefined): CompleteSpec {
  refuseUnsupported(spec);
  const issues = findIssues(spec);
  if (issues.length > 0) {
    const sentence = issues.map(({ path, message }) => `${path} ${message}`).join('; ');
    throw fail('InvalidParams', `The service ${spec.name} cannot be started like this: ${sentence}.`, { issues });
  }
  const { args = [], env = {}, inheritEnv = true, stop = {} } = spec;
  const { signal = 'SIGTERM', graceMs = 5_000 } = stop;
  const tag = spec.ownerTag ?? ownerTag;
  return { ...spec, args, env, inheritEnv, stop: { signal, graceMs }, ...(tag !== undefined && { ownerTag: tag }) };
}

/** Whether two specs ask for the same; how they were written does not count. */
export function sameSpec(left: CompleteSpec, right: CompleteSpec): boolean {
  return isDeepStrictEqual(left, right);
}

function findIssues({ command, args = [], cwd, env = {} }: ServiceSpec): { path: string; message: string }[] {
  const issues: { path: string; message: string }[] = [];
  const check = (path: string, isWrong: boolean, message: string) => isWrong && issues.push({ path: `spec.${path}`, message });
  check('command', command === '', 'must not be empty');
  check('command', command.includes('\0'), noNul);
  for (const [index, arg] of args.entries()) check(`args.${index}`, arg.includes('\0'), noNul);
  check('cwd', cwd !== undefined && !isAbsolute(cwd), 'must be an absolute path');
  check('cwd', cwd?.includes('\0') ?? false, noNul);
  for (const [name, value] of Object.entries(env)) {
    check(`env.${name}`, name === '' || /[=\0]/.test(name), 'is no name for a variable: it must not be empty nor contain = or NUL');
    check(`env.${name}`, value?.includes('\0') ?? false, noNul);
  }
  return issues;
}
const noNul = 'must not contain NUL';

/** What the contract has and this build does not, yet. Never ignored: a service without its ports or its limits is another one. */
function refuseUnsupported(spec: ServiceSpec): void {
  const asked: Record<string, boolean> = {
    'stdin: pipe': spec.stdin === 'pipe',
    dependsOn: (spec.dependsOn?.length ?? 0) > 0,
    ports: (spec.ports?.length ?? 0) > 0,
    readiness: spec.readiness !== undefined,
    liveness: spec.liveness !== undefined,
    restart: spec.restart !== undefined && spec.restart.policy !== 'never',
    'stop.stdinClose': spec.stop?.stdinClose === true,
    limits: spec.limits?.rssBytes !== undefined,
    logs: spec.logs !== undefined,
    persistent: spec.persistent === true,
  };
  const member = Object.keys(asked).find((name) => asked[name]);
  if (member === undefined) return;
  throw fail('Unsupported', `This sidecar does not know ${member} of a service yet; ${spec.name} was not started. Leave it out.`, {
    capability: `service.${member}`,
    platform: 'any',
  });
}
