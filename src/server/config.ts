import { parseArgs } from 'node:util';
import { type LogLevel, logLevels } from '../log.ts';

/** How this process was started: flags and environment, read once. */
export interface Config {
  transport: 'stdio';
  logLevel: LogLevel;
  /** False keeps koffi out, as where it is not installed (SIDEWARDEN_NATIVE=off). */
  native: boolean;
  /** The host, told by flag instead of at initialize. */
  clientProcessId: number | null;
}

export type ConfigAnswer = { config: Config } | { problem: string };

export function readConfig(args: string[], env: NodeJS.ProcessEnv): ConfigAnswer {
  let values: { 'log-level'?: string; clientProcessId?: string };
  try {
    ({ values } = parseArgs({
      args,
      options: { stdio: { type: 'boolean' }, 'log-level': { type: 'string' }, clientProcessId: { type: 'string' } },
    }));
  } catch (error) {
    return { problem: `${error instanceof Error ? error.message : String(error)} See sidewarden --help.` };
  }
  const logLevel = (values['log-level'] ?? 'warn') as LogLevel;
  if (!logLevels.includes(logLevel)) return { problem: `--log-level takes one of ${logLevels.join(', ')}, not "${logLevel}".` };
  const clientProcessId = values.clientProcessId === undefined ? null : Number(values.clientProcessId);
  if (clientProcessId !== null && !(Number.isInteger(clientProcessId) && clientProcessId > 0)) {
    return { problem: `--clientProcessId takes the pid of the host, not "${values.clientProcessId}".` };
  }
  return { config: { transport: 'stdio', logLevel, native: env['SIDEWARDEN_NATIVE'] !== 'off', clientProcessId } };
}
