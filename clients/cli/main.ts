import packageJson from '../../package.json' with { type: 'json' };
import { SidecarError } from '../typescript/errors.ts';
import { NoSidecar } from './connect.ts';
import { type ExitCode, exitCode, UsageError } from './exitCode.ts';
import { type CommandName, commandHelp, overview } from './help.ts';
import { nearest } from './nearest.ts';
import { complain, print, survivePipes } from './terminal.ts';

/** Takes what stands behind its name, unparsed. */
type Command = (args: string[]) => Promise<ExitCode>;

/** `run` is a sidecar of its own, and src/bin.ts starts that. */
const commands: Record<Exclude<CommandName, 'run'>, () => Promise<Command>> = {
  ports: async () => (await import('./commands/ports.ts')).ports,
  port: async () => (await import('./commands/port.ts')).port,
  ps: async () => (await import('./commands/ps.ts')).ps,
  kill: async () => (await import('./commands/kill.ts')).kill,
  free: async () => (await import('./commands/free.ts')).free,
  alloc: async () => (await import('./commands/alloc.ts')).alloc,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  schema: async () => (await import('./commands/schema.ts')).schema,
};

/** The terminal tool. Sets the exit code and lets the process end by itself, so that everything printed gets out. */
export async function main(args: string[]): Promise<void> {
  survivePipes();
  try {
    process.exitCode = await run(args);
  } catch (error) {
    process.exitCode = report(error, args[0]);
  }
}

async function run([name, ...rest]: string[]): Promise<ExitCode> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') return tell(name === 'help' ? rest[0] : undefined);
  if (name === '--version' || name === '-v') {
    print(packageJson.version);
    return exitCode.done;
  }
  const known = knownCommand(name);
  if (known === 'run' || rest.includes('--help') || rest.includes('-h')) return tell(known);
  const command = await commands[known]();
  return command(rest);
}

function tell(command: string | undefined): ExitCode {
  print((command === undefined ? overview : commandHelp[knownCommand(command)]).trimEnd());
  return exitCode.done;
}

function knownCommand(name: string): CommandName {
  if (Object.hasOwn(commandHelp, name)) return name as CommandName;
  const what = name.startsWith('-') ? 'option' : 'command';
  const close = nearest(name, [...Object.keys(commandHelp), '--stdio', '--help', '--version']);
  throw new UsageError(`There is no ${what} "${name}".${close === null ? '' : ` Did you mean "${close}"?`}`);
}

function report(error: unknown, name = ''): ExitCode {
  if (error instanceof UsageError || isParseArgsError(error)) {
    // Node’s sentences go on about positional arguments; the first one says it.
    const problem = error instanceof UsageError ? error.message : `${error.message.split('. ', 1)[0]}.`;
    complain(`${problem} See sidewarden ${Object.hasOwn(commandHelp, name) ? `${name} ` : ''}--help.`);
    return exitCode.usage;
  }
  if (error instanceof NoSidecar) {
    complain(error.message);
    return exitCode.noSidecar;
  }
  if (error instanceof SidecarError && error.kind === 'NotFound') {
    complain(error.message);
    return exitCode.none;
  }
  complain(error instanceof Error ? error.message : String(error));
  return error instanceof SidecarError && (error.kind === 'Conflict' || error.kind === 'LimitExceeded')
    ? exitCode.notAll
    : exitCode.couldNotLook;
}

/** https://nodejs.org/api/errors.html: every error of util.parseArgs about its input has such a code. */
function isParseArgsError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('ERR_PARSE_ARGS_');
}
