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
  stop: { [Member in keyof StopSpec]-?: NonNullable<StopSpec[Member]> };
}

/** Throws InvalidParams, with each issue, for what no system could start. */
export function completeSpec(spec: ServiceSpec, ownerTag: string | undefined): CompleteSpec {
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
