import type { Readable } from 'node:stream';
import { createLineSplitter, type LineSplitter } from './lines.ts';
import type { LogLine, LogPage, LogRing, LogStream } from './ring.ts';
import { createWholeLines } from './wholeLines.ts';

/** What a service writes, over all its starts: always read, kept within bounds, told line by line, and filed if it has a file. */
export interface ServiceOutput {
  /** Reads these to their ends, whatever becomes of the lines. */
  attach(pipes: { stdout: Readable; stderr: Readable }): void;
  /** Takes what is read elsewhere, of a service that writes its file itself. Which stream it was nobody can tell: `stdout` stands for both. */
  receive(): LineSplitter;
  /** Resolves when all that was attached has been read to its end. A descendant that lives on may hold a pipe open for good. */
  drained(): Promise<void>;
  read(query: { sinceSeq?: number | undefined; tail?: number | undefined }): LogPage;
  /** The newest ones, as text, for the cause of a failure. */
  lastLines(count: number): string[];
  /** Calls `listener` for each line from now on. Gives the function that ends it. */
  onLine(listener: (line: LogLine) => void): () => void;
}

/** Where whole lines go as they are. It owns its own failures: what it cannot write, it counts and tells. */
export interface LogSink {
  append(bytes: Buffer): void;
  /** More waits to be written than it wants to keep. */
  readonly isFull: boolean;
  /** Resolves when it is not full any more, or has given up. */
  writable(): Promise<void>;
}

export interface OutputOptions {
  ring: LogRing;
  file: LogSink | null;
  now(): number;
}

/** Of a longer line the ring and the listeners get the beginning. */
const mostLineBytes = 16 * 1024;

export function createServiceOutput({ ring, file, now }: OutputOptions): ServiceOutput {
  const listeners = new Set<(line: LogLine) => void>();
  const reading = new Set<Promise<void>>();

  return {
    attach({ stdout, stderr }) {
      take('stdout', stdout);
      take('stderr', stderr);
    },
    receive: () => split('stdout'),
    async drained() {
      await Promise.all(reading);
    },
    read: (query) => ring.read(query),
    lastLines: (count) => ring.read({ tail: count }).lines.map(({ text }) => text),
    onLine(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };

  function take(stream: LogStream, pipe: Readable): void {
    const splitter = split(stream);
    const lines = file === null ? null : createWholeLines((bytes) => file.append(bytes));
    const ended = Promise.withResolvers<void>();
    const over = ended.promise.then(() => {
      reading.delete(over);
    });
    reading.add(over);
    pipe.on('data', (chunk: Buffer) => {
      splitter.push(chunk);
      lines?.push(chunk);
      if (file?.isFull) holdBack(pipe, file);
    });
    // 'close' follows an end, an error, and a pipe that is destroyed; the last bytes came before it.
    pipe.on('error', () => {});
    pipe.once('close', () => {
      splitter.end();
      lines?.end();
      ended.resolve();
    });
  }

  function split(stream: LogStream): LineSplitter {
    return createLineSplitter(mostLineBytes, (text, isTruncated) => keep(stream, text, isTruncated));
  }

  function keep(stream: LogStream, text: string, isTruncated: boolean): void {
    const at = now();
    const seq = ring.add({ stream, at, text, isTruncated });
    if (listeners.size === 0) return;
    const line: LogLine = { seq, stream, at, text, ...(isTruncated && { truncated: true }) };
    for (const listener of listeners) listener(line);
  }
}

/** A disk that is slower than the service slows it down: its pipe fills, and no line is lost. */
function holdBack(pipe: Readable, file: LogSink): void {
  pipe.pause();
  void file.writable().then(() => pipe.resume());
}
