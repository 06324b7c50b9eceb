import { headerBytes, limits, skippableBodyBytes } from '../limits.ts';
import type { BrokenReason, FrameBounds, FrameDecoder, FrameSink, Framing } from './frames.ts';
import { createHeaderDecoder } from './headerDecoder.ts';
import { createLineDecoder } from './lineDecoder.ts';

export type { BrokenReason, Framing } from './frames.ts';

export interface FrameHandlers {
  /** One body, in arrival order. The bytes may be part of the chunk that was pushed: read them before returning. */
  onBody(body: Buffer, framing: Framing): void;
  /** A body of this many bytes was over `bodyBytes` and skipped; the connection lives. */
  onTooLarge(bytes: number): void;
  /** The stream is out of step. Called once; nothing else is called after it, whatever is pushed. */
  onBroken(reason: BrokenReason): void;
  /** Called once, before the first body, when the first byte has told which framing the peer speaks. */
  onFraming?(framing: Framing): void;
}

export interface FrameReader {
  push(chunk: Buffer): void;
  /** End of input: a last line without its newline still counts, half a frame is `truncated`. */
  end(): void;
  /** Ignore everything from here on, also what is left of a chunk being pushed. Handlers may call it. */
  close(): void;
  /** Null until the first byte that is neither blank nor part of a byte order mark. */
  readonly framing: Framing | null;
  /** Memory held for an unfinished message: at most twice `bodyBytes`, and never more than twice what was sent. */
  readonly bufferedBytes: number;
}

const contractBounds: FrameBounds = { headerBytes, bodyBytes: limits.bodyBytes, skippableBodyBytes };

/**
 * Bytes in, bodies out, in either framing. Everything happens inside `push` and `end`, in time linear in the
 * bytes however they are cut. A handler that throws stops that `push`; the reader itself stays consistent.
 */
export function createFrameReader(handlers: FrameHandlers, bounds: FrameBounds = contractBounds): FrameReader {
  let framing: Framing | null = null;
  let decoder: FrameDecoder | null = null;
  let open = true;
  let markBytes = 0;

  const sink: FrameSink = {
    body: (body) => handlers.onBody(body, framing as Framing),
    tooLarge: (bytes) => handlers.onTooLarge(bytes),
    broken(reason) {
      close();
      handlers.onBroken(reason);
    },
    isOpen: () => open,
  };

  return {
    push(chunk) {
      if (!open) return;
      const start = decoder === null ? detect(chunk) : 0;
      decoder?.read(chunk, start);
    },
    end() {
      if (!open) return;
      if (decoder !== null) decoder.end();
      else if (markBytes % byteOrderMark.length !== 0) sink.broken('truncated');
      close();
    },
    close,
    get framing() {
      return framing;
    },
    get bufferedBytes() {
      return decoder?.heldBytes ?? 0;
    },
  };

  /** Where the first message begins in `chunk`; its end while there are only blanks. */
  function detect(chunk: Buffer): number {
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (byte === byteOrderMark[markBytes % byteOrderMark.length]) {
        markBytes += 1;
        continue;
      }
      if (markBytes % byteOrderMark.length !== 0) {
        sink.broken('badHeader');
        return chunk.length;
      }
      if (isBlank(byte)) continue;
      choose(byte === openBrace || byte === openBracket ? 'ndjson' : 'lsp');
      return at;
    }
    return chunk.length;
  }

  function choose(chosen: Framing): void {
    framing = chosen;
    decoder = chosen === 'ndjson' ? createLineDecoder(sink, bounds) : createHeaderDecoder(sink, bounds);
    handlers.onFraming?.(chosen);
  }

  function close(): void {
    open = false;
    decoder = null;
  }
}

const byteOrderMark = [0xef, 0xbb, 0xbf];
const openBrace = 0x7b;
const openBracket = 0x5b;

/** JSON's white space (RFC 8259, section 2). */
function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
