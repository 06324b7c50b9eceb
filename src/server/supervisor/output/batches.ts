import type { Clock, Timer } from '../../../clock.ts';
import type { LogLine } from './ring.ts';

/** Gathers the lines of a service for event/serviceLog, which follows within 50 ms or with 64 KiB, whichever comes first. */
export interface LogBatches {
  add(line: LogLine): void;
  /** Tells what is there, and then nothing more. */
  close(): void;
}

const longestWaitMs = 50;
const mostBytes = 64 * 1024;

export function createLogBatches(tell: (lines: LogLine[]) => void, clock: Pick<Clock, 'setTimer'>): LogBatches {
  let lines: LogLine[] = [];
  let bytes = 0;
  let timer: Timer | null = null;
  let isClosed = false;

  return {
    add(line) {
      if (isClosed) return;
      const size = Buffer.byteLength(line.text);
      if (lines.length > 0 && bytes + size > mostBytes) flush();
      lines.push(line);
      bytes += size;
      timer ??= clock.setTimer(longestWaitMs, flush);
    },
    close() {
      flush();
      isClosed = true;
    },
  };

  function flush(): void {
    timer?.cancel();
    timer = null;
    if (lines.length === 0) return;
    const told = lines;
    lines = [];
    bytes = 0;
    tell(told);
  }
}
