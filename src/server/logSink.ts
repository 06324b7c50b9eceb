import { type Clock, systemClock } from '../clock.ts';
import type { LogFileConfig } from './config.ts';

/** Where the lines of the log go. Nothing here blocks, and what had to be dropped is said as soon as something goes through again. */
export interface LogSink {
  write(line: string): void;
  /** Resolves when everything is with the system, or cannot be, or took too long. */
  flush(): Promise<void>;
}

/** More of our log than this is not kept for a host that does not read it. */
const longestBacklogBytes = 1024 * 1024;
const flushMs = 500;

export function openLogSink(file: LogFileConfig | null): Promise<LogSink> | LogSink {
  return file === null ? createStderrSink(process.stderr) : openFileSink(file, createStderrSink(process.stderr), systemClock);
}

export function createStderrSink(stderr: Pick<NodeJS.WriteStream, 'write' | 'writableLength'>): LogSink {
  let dropped = 0;
  return {
    write(line) {
      if (stderr.writableLength >= longestBacklogBytes) {
        dropped += 1;
        return;
      }
      if (dropped > 0) stderr.write(notice(`${dropped} lines of the log were dropped, because nobody read it`));
      dropped = 0;
      stderr.write(line);
    },
    // Pipes are written to asynchronously on POSIX: what is not with the system at exit is lost.
    flush: () => inTime(stderr.writableLength === 0 ? Promise.resolve() : new Promise((resolve) => stderr.write('', () => resolve()))),
  };
}

/** A file that cannot be written is told on stderr, once; the lines wait for it, within bounds. */
export async function openFileSink(file: LogFileConfig, stderr: LogSink, clock: Pick<Clock, 'setTimer'>): Promise<LogSink> {
  const { openRotatingFile } = await import('./os/rotatingFile.ts');
  let told = 0;
  const opened = openRotatingFile({
    ...file,
    clock,
    onProblem(error, operation) {
      const what = operation === 'write' ? 'be written; it is tried again every second' : 'be rotated, so it grows';
      stderr.write(notice(`the log file ${file.path} cannot ${what} (${error instanceof Error ? error.message : String(error)})`));
    },
    onRecovered(operation) {
      stderr.write(notice(`the log file ${file.path} is ${operation === 'write' ? 'written' : 'rotated'} again`));
    },
  });
  return {
    write(line) {
      if (opened.write(line) && opened.dropped > told) {
        const dropped = opened.dropped - told;
        if (opened.write(notice(`${dropped} lines of the log were dropped before the last one, because the file could not be written`)))
          told += dropped;
      }
    },
    flush: async () => {
      await inTime(opened.close());
      await stderr.flush();
    },
  };
}

const inTime = (done: Promise<void>): Promise<void> => Promise.race([done, systemClock.sleep(flushMs)]);

/** A line as pino writes a warning. The log itself cannot say it: it is what does not work. */
function notice(msg: string): string {
  return `${JSON.stringify({ level: 40, pid: process.pid, name: 'sidewarden', time: new Date(systemClock.now()).toISOString(), msg })}\n`;
}
