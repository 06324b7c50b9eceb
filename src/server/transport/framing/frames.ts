/** How messages are told apart: LSP's header fields before each body, one message a line, or by what carries them. */
export type Framing = 'lsp' | 'ndjson' | 'messages';

/**
 * Why a stream cannot be read any further.
 * - `missingContentLength`: the header fields ended without one.
 * - `duplicateContentLength`: more than one, even if they agree.
 * - `badContentLength`: anything but digits: signed, empty, fractional, two values.
 * - `lineFeedOnly`: a header line that does not end in CR LF.
 * - `badHeader`: a header line that is no `Name: value`.
 * - `headerTooLarge`: header fields over 8 KiB.
 * - `unsupportedCharset`: a Content-Type that names another charset than utf-8.
 * - `bodyTooLarge`: a body or line over 64 MiB, which is more than we skip.
 * - `truncated`: the input ended inside a header or a body.
 */
export type BrokenReason =
  | 'missingContentLength'
  | 'duplicateContentLength'
  | 'badContentLength'
  | 'lineFeedOnly'
  | 'badHeader'
  | 'headerTooLarge'
  | 'unsupportedCharset'
  | 'bodyTooLarge'
  | 'truncated';

/** What each reason means to the person whose client sent it. */
export const brokenSentences: Record<BrokenReason, string> = {
  missingContentLength: 'The header has no Content-Length; send `Content-Length: N`, CR LF, CR LF before each body of N bytes.',
  duplicateContentLength: 'The header has more than one Content-Length; send exactly one.',
  badContentLength: 'Content-Length is no plain number of bytes; send decimal digits and nothing else.',
  lineFeedOnly: 'A header line ends in LF alone; end each with CR LF and the header with an empty line, or send one JSON message a line.',
  badHeader: 'A header line is no `Name: value`; is something else writing to this stream?',
  headerTooLarge: 'The header is over 8 KiB; is something else writing to this stream?',
  unsupportedCharset: 'The Content-Type names another charset; send UTF-8.',
  bodyTooLarge: 'The body is over 64 MiB, which is more than is skipped; send less at once.',
  truncated: 'The input ended inside a message; check that Content-Length counts the bytes of the body.',
};

/** What a decoder of either framing tells the reader. */
export interface FrameSink {
  body(body: Buffer): void;
  tooLarge(bytes: number): void;
  broken(reason: BrokenReason): void;
  /** False once the stream is broken or was closed: nothing more may be told. */
  isOpen(): boolean;
}

export interface FrameDecoder {
  /** Reads `chunk` from `start` to its end, or until the sink is closed. */
  read(chunk: Buffer, start: number): void;
  end(): void;
  /** Memory held for an unfinished message. */
  readonly heldBytes: number;
}

export interface FrameBounds {
  headerBytes: number;
  bodyBytes: number;
  skippableBodyBytes: number;
}
