import type { BrokenReason, FrameBounds, FrameDecoder, FrameSink } from './frames.ts';
import { createGathering } from './gathering.ts';
import { parseHeaderLine } from './headerLine.ts';

/** LSP's base protocol: header lines that end in CR LF, an empty line, then Content-Length bytes. */
export function createHeaderDecoder(sink: FrameSink, bounds: FrameBounds): FrameDecoder {
  const gathering = createGathering(bounds.bodyBytes);
  const line = Buffer.allocUnsafeSlow(bounds.headerBytes);
  let lineLength = 0;
  let headerLength = 0;
  let contentLength: number | null = null;
  // Null while the header is read; then how much of the body is still to come.
  let missing: number | null = null;

  return {
    read(chunk, start) {
      let at = start;
      while (at < chunk.length && sink.isOpen()) at = missing === null ? readHeader(chunk, at) : readBody(chunk, at, missing);
    },
    end() {
      if (headerLength > 0 || missing !== null) sink.broken('truncated');
    },
    get heldBytes() {
      return gathering.capacity + line.length;
    },
  };

  function readHeader(chunk: Buffer, start: number): number {
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (headerLength === bounds.headerBytes) return broken('headerTooLarge', chunk);
      headerLength += 1;
      if (byte === lineFeed) {
        if (lineLength === 0 || line[lineLength - 1] !== carriageReturn) return broken('lineFeedOnly', chunk);
        const problem = endLine();
        if (problem !== null) return broken(problem, chunk);
        if (headerLength === 0) return at + 1;
      } else {
        line[lineLength] = byte;
        lineLength += 1;
      }
    }
    return chunk.length;
  }

  function endLine(): BrokenReason | null {
    const text = line.toString('latin1', 0, lineLength - 1);
    lineLength = 0;
    if (text === '') return beginBody();
    const field = parseHeaderLine(text);
    if ('broken' in field) return field.broken;
    if (field.contentLength === null) return null;
    if (contentLength !== null) return 'duplicateContentLength';
    contentLength = field.contentLength;
    return null;
  }

  function beginBody(): BrokenReason | null {
    if (contentLength === null) return 'missingContentLength';
    if (contentLength > bounds.skippableBodyBytes) return 'bodyTooLarge';
    missing = contentLength;
    headerLength = 0;
    if (missing === 0) deliver(empty);
    return null;
  }

  function readBody(chunk: Buffer, start: number, wanted: number): number {
    const end = Math.min(chunk.length, start + wanted);
    const isLast = end - start === wanted;
    missing = wanted - (end - start);
    if ((contentLength as number) > bounds.bodyBytes) {
      if (isLast) deliver(null);
    } else if (isLast && gathering.length === 0) deliver(chunk.subarray(start, end));
    else {
      gathering.append(chunk, start, end);
      if (isLast) deliver(gathering.take());
    }
    return end;
  }

  /** Null: it was skipped. The state is that of the next header before anyone is told. */
  function deliver(body: Buffer | null): void {
    const bytes = contentLength as number;
    contentLength = null;
    missing = null;
    if (body === null) sink.tooLarge(bytes);
    else sink.body(body);
  }

  function broken(reason: BrokenReason, chunk: Buffer): number {
    sink.broken(reason);
    return chunk.length;
  }
}

const carriageReturn = 0x0d;
const lineFeed = 0x0a;
const empty = Buffer.alloc(0);
