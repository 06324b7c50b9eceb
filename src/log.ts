import { pino } from 'pino';

/** What the halves may log: an object of fields and a message, as pino does it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

export type LogLevel = 'silent' | 'fatal' | 'error' | 'warn' | 'info' | 'debug';

/** One JSON object a line. `write` must not block: a host that does not read our log may not stop us. */
export function createLog(level: LogLevel, write: (line: string) => void): Log {
  return pino({ name: 'sidewarden', level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, { write });
}
