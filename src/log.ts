/** What the halves may log: an object of fields and a message, as pino does it. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

/** What was logged, before it is text. */
export interface LogLine {
  level: Exclude<LogLevel, 'silent'>;
  fields: object;
  message: string;
}

export interface ProcessLog extends Log {
  /** Calls back with each line that is written from now on. */
  listen(listener: (line: LogLine) => void): void;
  /** Resolves when everything logged so far was handed to `write`. */
  flush(): Promise<void>;
}

/** From the most to the least that is told. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export interface LogOptions {
  level: LogLevel;
  /** Must not block: a host that does not read our log may not stop us. */
  write(line: string): void;
  /** Epoch ms. */
  now(): number;
}

/**
 * One JSON object a line. pino is loaded with
 * the first line that is written, because most runs write none and it costs 15 ms and 4 MB at start.
 */
export function createLog({ level, write, now }: LogOptions): ProcessLog {
  let logger: Log | null = null;
  let loading: Promise<void> | null = null;
  const early: (() => void)[] = [];
  const listeners: ((line: LogLine) => void)[] = [];

  const at = (name: Exclude<LogLevel, 'silent'>) => (fields: object, message: string) => {
    if (logLevels.indexOf(name) < logLevels.indexOf(level)) return;
    for (const listener of listeners) listener({ level: name, fields, message });
    // The time of the event, not of the line: the first lines wait for pino.
    const timed = { time: new Date(now()).toISOString(), ...fields };
    if (logger !== null) return logger[name](timed, message);
    early.push(() => logger?.[name](timed, message));
    loading ??= load();
  };

  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
    listen: (listener) => void listeners.push(listener),
    flush: async () => {
      await loading;
    },
  };

  async function load(): Promise<void> {
    try {
      const { pino } = await import('pino');
      logger = pino({ name: 'sidewarden', level, base: { pid: process.pid }, timestamp: false }, { write });
    } catch {
      logger = plainLog(write);
    }
    for (const writeNow of early.splice(0)) writeNow();
  }
}

/** Where pino cannot be loaded: our own files may be gone while we run, by an upgrade or with a program that had unpacked them. */
function plainLog(write: (line: string) => void): Log {
  const at = (level: number) => (fields: object, msg: string) => {
    const told = JSON.stringify({ level, pid: process.pid, name: 'sidewarden', ...fields, msg }, (_, value: unknown) =>
      value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value,
    );
    write(`${told}\n`);
  };
  return { debug: at(20), info: at(30), warn: at(40), error: at(50), fatal: at(60) };
}
