import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import { openRotatingFile } from '../../os/rotatingFile.ts';
import type { LogSink } from './output.ts';

export interface LogFileOrder {
  service: string;
  path: string;
  maxBytes: number;
  keep: number;
}

export interface LogFile extends LogSink {
  /** Resolves when all is written, or cannot be. */
  close(): Promise<void>;
}

const mebibyte = 1024 * 1024;
/** A pipe hands over 64 KiB at a time, from two streams: room for what is on its way when the service is held back. */
const fullBytes = mebibyte / 2;

/** The log file of a service. While it cannot be written, its lines are dropped and counted, and the service goes on. */
export function openLogFile({ service, path, maxBytes, keep }: LogFileOrder, clock: Clock, log: Log): LogFile {
  let droppedBefore = 0;
  let isBroken = false;
  const file = openRotatingFile({
    path,
    maxBytes,
    keep,
    mostQueuedBytes: mebibyte,
    clock,
    onProblem(error, operation) {
      isBroken ||= operation === 'write';
      log.warn({ err: error, service, path, operation }, 'the log file of a service cannot be written; its lines are dropped until it can');
    },
    onRecovered(operation) {
      if (operation !== 'write') return;
      isBroken = false;
      log.warn({ service, path, dropped: file.dropped - droppedBefore }, 'the log file of a service is written again');
      droppedBefore = file.dropped;
    },
  });
  return {
    append: (bytes) => void file.write(bytes),
    // A disk that takes nothing holds nobody back: it may never take anything again.
    get isFull() {
      return !isBroken && file.queuedBytes > fullBytes;
    },
    writable: () => file.flush(),
    close: () => file.close(),
  };
}
