import type { FrameBounds, FrameDecoder, FrameSink } from './frames.ts';
import { createGathering } from './gathering.ts';

/**
 * NDJSON: a message is a line. Ends in LF or CR LF; blank lines, and a byte order mark before a line, are
 * skipped; the last line may lack its end.
 */
export function createLineDecoder(sink: FrameSink, { bodyBytes, skippableBodyBytes }: FrameBounds): FrameDecoder {
  // A line of exactly bodyBytes may still be followed by its CR.
  const gathering = createGathering(bodyBytes + 1);
  let skipped = 0;
  let endsInReturn = false;

  return {
    read(chunk, start) {
      let at = start;
      while (at < chunk.length && sink.isOpen()) {
        const lineFeed = chunk.indexOf(0x0a, at);
        const end = lineFeed === -1 ? chunk.length : lineFeed;
        const isWhole = lineFeed !== -1;
        if (isWhole && skipped === 0 && gathering.length === 0) deliver(chunk.subarray(at, end));
        else {
          take(chunk, at, end);
          if (isWhole) finish();
        }
        at = end + 1;
      }
    },
    end: finish,
    get heldBytes() {
      return gathering.capacity;
    },
  };

  function take(chunk: Buffer, start: number, end: number): void {
    if (start === end) return;
    endsInReturn = chunk[end - 1] === carriageReturn;
    if (skipped === 0 && lineBytes(gathering.length + end - start) <= bodyBytes) {
      gathering.append(chunk, start, end);
      return;
    }
    if (skipped === 0) skipped = gathering.take().length;
    skipped += end - start;
    if (lineBytes(skipped) > skippableBodyBytes) sink.broken('bodyTooLarge');
  }

  function finish(): void {
    if (!sink.isOpen()) return;
    if (skipped === 0) {
      if (gathering.length > 0) deliver(gathering.take());
      return;
    }
    const bytes = lineBytes(skipped);
    skipped = 0;
    report(bytes);
  }

  function deliver(line: Buffer): void {
    const end = line[line.length - 1] === carriageReturn ? line.length - 1 : line.length;
    const start = hasMark(line) ? 3 : 0;
    if (end > bodyBytes) report(end);
    else if (!isBlankLine(line, start, end)) sink.body(line.subarray(start, end));
  }

  function report(bytes: number): void {
    if (bytes > skippableBodyBytes) sink.broken('bodyTooLarge');
    else sink.tooLarge(bytes);
  }

  function lineBytes(bytes: number): number {
    return endsInReturn ? bytes - 1 : bytes;
  }
}

const carriageReturn = 0x0d;

function hasMark(line: Buffer): boolean {
  return line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf;
}

function isBlankLine(line: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = line[at];
    if (byte !== 0x20 && byte !== 0x09 && byte !== carriageReturn) return false;
  }
  return true;
}
