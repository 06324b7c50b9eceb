import { isIP } from 'node:net';
import { isAbsolute } from 'node:path';
import type { Probe } from '../../protocol/types/probe.ts';
import type { ServiceSpec } from '../../protocol/types/service.ts';
import { findUnknownPorts, replacePorts } from './placeholders.ts';

export interface SpecIssue {
  /** Within the spec, `args.0`. */
  path: string;
  message: string;
}

/** What a schema cannot say, and what no system could start. */
export function findSpecIssues(spec: ServiceSpec): SpecIssue[] {
  const { name, command, args = [], cwd, env = {}, dependsOn = [], ports = [], logs, persistent = false } = spec;
  const issues = collect(new Set(ports.map((port) => port.name)));
  const { check } = issues;
  issues.checkProgram('', command, args);
  check('cwd', cwd !== undefined && !isAbsolute(cwd), 'must be an absolute path');
  check('cwd', cwd?.includes('\0') ?? false, noNul);
  check(
    'logs.file',
    persistent && logs?.file === undefined,
    'is needed by a persistent service, whose output goes there without a sidecar',
  );
  check('stdin', persistent && spec.stdin === 'pipe', 'must be none for a persistent service: the pipe would end with the sidecar');
  check('logs.file', logs?.file !== undefined && !isAbsolute(logs.file), 'must be an absolute path');
  for (const [variable, value] of Object.entries(env)) {
    check(`env.${variable}`, !isVariable(variable), 'is no name for a variable: it must not be empty nor contain = or NUL');
    issues.checkText(`env.${variable}`, value ?? '');
  }
  for (const [index, port] of ports.entries()) {
    const isTwice = (member: 'name' | 'port') => ports.findIndex((other) => other[member] === port[member]) !== index;
    check(`ports.${index}.name`, isTwice('name'), 'is there twice');
    check(`ports.${index}.name`, /[:}\0]/.test(port.name), 'must not contain : or }');
    check(`ports.${index}.port`, port.port !== undefined && isTwice('port'), 'is there twice');
    check(`ports.${index}.env`, port.env !== undefined && !isVariable(port.env), 'is no name for a variable');
    check(`ports.${index}.host`, port.host !== undefined && isIP(port.host) === 0, 'must be an IPv4 or IPv6 address');
  }
  check('stop.stdinClose', spec.stop?.stdinClose === true && spec.stdin !== 'pipe', 'needs stdin: pipe, or there is nothing to close');
  for (const [index, tie] of dependsOn.entries()) {
    check(`dependsOn.${index}.name`, tie.name === name, 'is the service itself');
    check(`dependsOn.${index}.name`, dependsOn.findIndex((other) => other.name === tie.name) !== index, 'is there twice');
  }
  if (spec.readiness !== undefined) checkProbe('readiness', spec.readiness, issues);
  if (spec.liveness !== undefined) checkProbe('liveness', spec.liveness, issues);
  check('liveness.kind', spec.liveness?.kind === 'log', 'cannot be log: a line that was once written does not tell that it is alive');
  return issues.found;
}

const noNul = 'must not contain NUL';
const isVariable = (name: string): boolean => name !== '' && !/[=\0]/.test(name);

type Issues = ReturnType<typeof collect>;

function collect(portNames: ReadonlySet<string>) {
  const found: SpecIssue[] = [];
  const check = (path: string, isWrong: boolean, message: string): void => {
    if (isWrong) found.push({ path, message });
  };
  const checkText = (path: string, text: string): void => {
    check(path, text.includes('\0'), noNul);
    for (const name of findUnknownPorts(text, portNames)) {
      check(path, true, `names the port ${JSON.stringify(name)}, which is none of its ports`);
    }
  };
  return {
    found,
    portNames,
    check,
    checkText,
    checkProgram(within: string, command: string, args: readonly string[]): void {
      check(`${within}command`, command === '', 'must not be empty');
      check(`${within}command`, command.includes('\0'), noNul);
      for (const [index, arg] of args.entries()) checkText(`${within}args.${index}`, arg);
    },
  };
}

function checkProbe(path: string, probe: Probe, issues: Issues): void {
  const { check, checkText } = issues;
  switch (probe.kind) {
    case 'http': {
      const { url, port, path: urlPath } = probe;
      check(
        `${path}.url`,
        url !== undefined && (port !== undefined || urlPath !== undefined),
        'stands instead of port and path, not beside them',
      );
      check(`${path}.url`, url !== undefined && !isHttpUrl(url, issues.portNames), 'must be an http or https URL');
      checkText(`${path}.url`, url ?? '');
      check(`${path}.path`, urlPath !== undefined && !urlPath.startsWith('/'), 'must begin with a slash');
      checkText(`${path}.path`, urlPath ?? '');
      if (url === undefined) checkPort(path, port, issues);
      return;
    }
    case 'tcp':
      return checkPort(path, probe.port, issues);
    case 'exec':
      return issues.checkProgram(`${path}.`, probe.command, probe.args ?? []);
    case 'log':
      check(`${path}.pattern`, !isExpression(probe.pattern), 'must be a regular expression');
  }
}

function checkPort(path: string, port: number | string | undefined, { check, checkText, portNames }: Issues): void {
  const isMissing = port === undefined && portNames.size === 0;
  check(`${path}.port`, isMissing, 'is needed: the service has no ports of which the first could be meant');
  if (typeof port !== 'string') return;
  checkText(`${path}.port`, port);
  check(`${path}.port`, !/^\$\{port:[^}]*\}$/.test(port), 'must be a number, or name one of the ports');
}

function isHttpUrl(text: string, portNames: ReadonlySet<string>): boolean {
  const filled = replacePorts(text, new Map([...portNames].map((name) => [name, 1])));
  return URL.canParse(filled) && /^https?:$/.test(new URL(filled).protocol);
}

function isExpression(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}
