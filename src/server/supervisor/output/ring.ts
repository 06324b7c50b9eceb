/** The last lines of a service, within a number of bytes. */
export interface LogRing {
  /** Adds a line, for which the oldest ones make room. Gives its number. */
  add(line: NewLine): number;
  read(query: { sinceSeq?: number | undefined; tail?: number | undefined }): LogPage;
}

export type LogStream = 'stdout' | 'stderr';

export interface NewLine {
  stream: LogStream;
  /** Epoch ms. */
  at: number;
  text: string;
  isTruncated: boolean;
}

export interface LogLine {
  /** Counts the lines of a service from 1, over all its starts. */
  seq: number;
  stream: LogStream;
  at: number;
  text: string;
  /** The line was longer. */
  truncated?: true;
}

export interface LogPage {
  lines: LogLine[];
  /** `sinceSeq` of the next question. */
  nextSeq: number;
  /** Lines before the first of these that were asked for and are gone. */
  dropped: number;
}

/** Length, flags, time: what a line costs beside its text. */
const headBytes = 4 + 1 + 8;
const flagStderr = 1;
const flagTruncated = 2;
const firstBytes = 4 * 1024;

/**
 * Lines are kept as bytes in one buffer, end to end and around: a line as an object would cost several times its text, and a
 * hundred services with full rings are what a sidecar is measured by. The buffer gets its full size when it is needed. It begins
 * with the lines of another one, as far as they fit, and goes on with their numbers.
 */
export function createLogRing(mostBytes: number, before: LogPage = { lines: [], nextSeq: 1, dropped: 0 }): LogRing {
  let buffer = Buffer.allocUnsafeSlow(Math.min(mostBytes, firstBytes));
  /** Where the oldest line begins, and how many bytes and lines there are from there on. */
  let start = 0;
  let used = 0;
  let count = 0;
  let nextSeq = before.nextSeq - before.lines.length;
  for (const { stream, at, text, truncated = false } of before.lines) add({ stream, at, text, isTruncated: truncated });

  return {
    add,

    read({ sinceSeq, tail }) {
      const oldest = nextSeq - count;
      const asked = Math.min(sinceSeq ?? 1, nextSeq);
      const first = Math.max(asked, oldest, tail === undefined ? 0 : nextSeq - tail);
      const lines: LogLine[] = [];
      for (let seq = oldest, at = start; seq < nextSeq; seq += 1) {
        const length = lengthAt(at);
        if (seq >= first) lines.push(lineAt(seq, at, length));
        at = (at + headBytes + length) % buffer.length;
      }
      return { lines, nextSeq, dropped: Math.max(0, oldest - asked) };
    },
  };

  /** Straight into its place: a copy of each line would be garbage that nobody collects while nothing happens. */
  function add(line: NewLine): number {
    nextSeq += 1;
    // No line fits, not even an empty one: it is only counted.
    if (mostBytes < headBytes) return nextSeq - 1;
    const most = Math.min(headBytes + Buffer.byteLength(line.text), mostBytes);
    makeRoom(most);
    const at = (start + used) % buffer.length;
    used += at + most <= buffer.length ? writeLine(buffer.subarray(at, at + most), line) : wrap(at, line, most);
    count += 1;
    return nextSeq - 1;
  }

  /** Around the end of the buffer. */
  function wrap(at: number, line: NewLine, most: number): number {
    const record = Buffer.allocUnsafe(most);
    const length = writeLine(record, line);
    const before = buffer.length - at;
    record.copy(buffer, at, 0, Math.min(length, before));
    record.copy(buffer, 0, before, length);
    return length;
  }

  function makeRoom(bytes: number): void {
    if (used + bytes > buffer.length && buffer.length < mostBytes) grow();
    while (used + bytes > buffer.length) {
      const size = headBytes + lengthAt(start);
      start = (start + size) % buffer.length;
      used -= size;
      count -= 1;
    }
  }

  /** At once: each step between would be garbage that nobody collects while nothing happens, and pages that nobody wrote to take no memory. */
  function grow(): void {
    const grown = Buffer.allocUnsafeSlow(mostBytes);
    copyOut(start, used).copy(grown);
    buffer = grown;
    start = 0;
  }

  function copyOut(at: number, length: number): Buffer {
    if (at + length <= buffer.length) return buffer.subarray(at, at + length);
    return Buffer.concat([buffer.subarray(at), buffer.subarray(0, at + length - buffer.length)]);
  }

  function lengthAt(at: number): number {
    return copyOut(at, 4).readUInt32LE(0);
  }

  function lineAt(seq: number, at: number, length: number): LogLine {
    const record = copyOut(at, headBytes + length);
    const flags = record.readUInt8(4);
    return {
      seq,
      stream: (flags & flagStderr) === 0 ? 'stdout' : 'stderr',
      at: record.readDoubleLE(5),
      text: record.toString('utf8', headBytes),
      ...((flags & flagTruncated) !== 0 && { truncated: true }),
    };
  }
}

/** Gives how many bytes it takes: what does not fit is cut, and between two characters (Buffer.write). */
function writeLine(place: Buffer, { stream, at, text, isTruncated }: NewLine): number {
  const length = place.write(text, headBytes);
  const isCut = isTruncated || length < Buffer.byteLength(text);
  place.writeUInt32LE(length, 0);
  place.writeUInt8((stream === 'stderr' ? flagStderr : 0) | (isCut ? flagTruncated : 0), 4);
  place.writeDoubleLE(at, 5);
  return headBytes + length;
}
