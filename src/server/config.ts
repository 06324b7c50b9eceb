import { parseArgs } from 'node:util';
import { type LogLevel, logLevels } from '../log.ts';

/** How this process was started: flags and environment, read once. */
export interface Config {
  transport: TransportChoice;
  logLevel: LogLevel;
  /** Where the log goes; stderr when null. */
  logFile: LogFileConfig | null;
  /** False keeps koffi out, as where it is not installed (SIDEWARDEN_NATIVE=off). */
  native: boolean;
  /** False makes no cgroups, as where that is not allowed (SIDEWARDEN_CGROUPS=off). */
  cgroups: boolean;
  /** The host, told by flag instead of at initialize. */
  clientProcessId: number | null;
}

/** What carries the one connection. `path` is the socket or named pipe on which the host listens. */
export type TransportChoice = { kind: 'stdio' } | { kind: 'nodeIpc' } | { kind: 'pipe'; path: string };

export interface LogFileConfig {
  path: string;
  maxBytes: number;
  /** Older files, beside the one that is written. */
  keep: number;
}

export type ConfigAnswer = { config: Config } | { problem: string };

const options = {
  stdio: { type: 'boolean' },
  'node-ipc': { type: 'boolean' },
  pipe: { type: 'string' },
  'log-level': { type: 'string' },
  'log-file': { type: 'string' },
  'log-max-bytes': { type: 'string' },
  'log-keep': { type: 'string' },
  clientProcessId: { type: 'string' },
} as const;
type Flags = ReturnType<typeof parseArgs<{ options: typeof options }>>['values'];

export function readConfig(args: string[], env: NodeJS.ProcessEnv): ConfigAnswer {
  try {
    const { values } = parseArgs({ args, options });
    const isOn = (name: string) => env[name] !== 'off';
    return { config: { ...readFlags(values), native: isOn('SIDEWARDEN_NATIVE'), cgroups: isOn('SIDEWARDEN_CGROUPS') } };
  } catch (error) {
    return { problem: `${error instanceof Error ? error.message : String(error)} See sidewarden --help.` };
  }
}

function readFlags(flags: Flags): Omit<Config, 'native' | 'cgroups'> {
  const logLevel = (flags['log-level'] ?? 'warn') as LogLevel;
  if (!logLevels.includes(logLevel)) throw new Error(`--log-level takes one of ${logLevels.join(', ')}, not "${logLevel}".`);
  return { transport: readTransport(flags), logLevel, logFile: readLogFile(flags), clientProcessId: readHost(flags.clientProcessId) };
}

function readTransport({ stdio, 'node-ipc': nodeIpc, pipe }: Flags): TransportChoice {
  const chosen = [stdio && '--stdio', nodeIpc && '--node-ipc', pipe !== undefined && '--pipe'].filter((flag) => typeof flag === 'string');
  if (chosen.length > 1) throw new Error(`There is one connection, so ${chosen.join(' and ')} exclude each other; choose one.`);
  if (pipe === '') throw new Error('--pipe takes the path of the socket on which the host listens, and it is empty.');
  if (pipe !== undefined) return { kind: 'pipe', path: pipe };
  return { kind: nodeIpc ? 'nodeIpc' : 'stdio' };
}

function readLogFile({ 'log-file': path, 'log-max-bytes': maxBytes, 'log-keep': keep }: Flags): LogFileConfig | null {
  if (path === '') throw new Error('--log-file takes the path of a file, and it is empty.');
  if (path !== undefined) {
    return { path, maxBytes: readCount('--log-max-bytes', maxBytes, 10_485_760, 1), keep: readCount('--log-keep', keep, 5, 0) };
  }
  const alone = maxBytes === undefined ? keep !== undefined && '--log-keep' : '--log-max-bytes';
  if (alone) throw new Error(`${alone} is about the file that --log-file names, and none is named.`);
  return null;
}

function readCount(flag: string, text: string | undefined, otherwise: number, least: number): number {
  if (text === undefined) return otherwise;
  const count = Number(text);
  if (/^\d{1,15}$/.test(text) && count >= least) return count;
  throw new Error(`${flag} takes a whole number from ${least} on, not "${text}".`);
}

function readHost(text: string | undefined): number | null {
  if (text === undefined) return null;
  const pid = Number(text);
  if (Number.isInteger(pid) && pid > 0) return pid;
  throw new Error(`--clientProcessId takes the pid of the host, not "${text}".`);
}
