import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { fail } from '../../protocol/errors.ts';
import type { ServiceSpec } from '../../protocol/types/service.ts';
import type { LogsOrder } from './output/outputs.ts';
import { findUnknownPorts } from './placeholders.ts';
import type { ServicePortSpec } from './servicePorts.ts';

type StopSpec = NonNullable<ServiceSpec['stop']>;

/** A spec with the contract’s defaults in it. */
export interface CompleteSpec extends ServiceSpec {
  args: string[];
  env: Record<string, string | null>;
  inheritEnv: boolean;
  stdin: 'none' | 'pipe';
  ports: ServicePortSpec[];
  logs: LogsOrder;
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
  const { args = [], env = {}, inheritEnv = true, stdin = 'none', ports = [], stop = {} } = spec;
  const { ringBytes = 64 * 1024, file, maxBytes = 10 * 1024 * 1024, keep = 5 } = spec.logs ?? {};
  const logs: LogsOrder = { ringBytes, maxBytes, keep, ...(file !== undefined && { file }) };
  const { signal = 'SIGTERM', graceMs = 5_000 } = stop;
  const tag = spec.ownerTag ?? ownerTag;
  return { ...spec, args, env, inheritEnv, stdin, ports, logs, stop: { signal, graceMs }, ...(tag !== undefined && { ownerTag: tag }) };
}

/** Whether two specs ask for the same; how they were written does not count. */
export function sameSpec(left: CompleteSpec, right: CompleteSpec): boolean {
  return isDeepStrictEqual(left, right);
}

function findIssues({ command, args = [], cwd, env = {}, ports = [], logs }: ServiceSpec): { path: string; message: string }[] {
  const issues: { path: string; message: string }[] = [];
  const check = (path: string, isWrong: boolean, message: string) => isWrong && issues.push({ path: `spec.${path}`, message });
  check('command', command === '', 'must not be empty');
  check('command', command.includes('\0'), noNul);
  const portNames = new Set(ports.map(({ name }) => name));
  const checkText = (path: string, text: string) => {
    check(path, text.includes('\0'), noNul);
    for (const name of findUnknownPorts(text, portNames))
      check(path, true, `names the port ${JSON.stringify(name)}, which is none of its ports`);
  };
  for (const [index, { name, port, env: variable, host }] of ports.entries()) {
    check(`ports.${index}.name`, ports.findIndex((other) => other.name === name) !== index, 'is there twice');
    check(`ports.${index}.name`, /[:}\0]/.test(name), 'must not contain : or }');
    check(`ports.${index}.port`, port !== undefined && ports.findIndex((other) => other.port === port) !== index, 'is there twice');
    check(`ports.${index}.env`, variable !== undefined && (variable === '' || /[=\0]/.test(variable)), 'is no name for a variable');
    check(`ports.${index}.host`, host !== undefined && isIP(host) === 0, 'must be an IPv4 or IPv6 address');
  }
  check('logs.file', logs?.file !== undefined && !isAbsolute(logs.file), 'must be an absolute path');
  for (const [index, arg] of args.entries()) checkText(`args.${index}`, arg);
  check('cwd', cwd !== undefined && !isAbsolute(cwd), 'must be an absolute path');
  check('cwd', cwd?.includes('\0') ?? false, noNul);
  for (const [name, value] of Object.entries(env)) {
    check(`env.${name}`, name === '' || /[=\0]/.test(name), 'is no name for a variable: it must not be empty nor contain = or NUL');
    checkText(`env.${name}`, value ?? '');
  }
  return issues;
}
const noNul = 'must not contain NUL';

/** What the contract has and this build does not, yet. Never ignored: a service without its ports or its limits is another one. */
function refuseUnsupported(spec: ServiceSpec): void {
  const asked: Record<string, boolean> = {
    dependsOn: (spec.dependsOn?.length ?? 0) > 0,
    readiness: spec.readiness !== undefined,
    liveness: spec.liveness !== undefined,
    restart: spec.restart !== undefined && spec.restart.policy !== 'never',
    'stop.stdinClose': spec.stop?.stdinClose === true,
    limits: spec.limits?.rssBytes !== undefined,
    persistent: spec.persistent === true,
  };
  const member = Object.keys(asked).find((name) => asked[name]);
  if (member === undefined) return;
  throw fail('Unsupported', `This sidecar does not know ${member} of a service yet; ${spec.name} was not started. Leave it out.`, {
    capability: `service.${member}`,
    platform: 'any',
  });
}
