import { StringDecoder } from 'node:string_decoder';

/** Takes bytes however they are cut and tells each line, without its end. Bytes that are no UTF-8 become U+FFFD. */
export interface LineSplitter {
  push(chunk: Buffer): void;
  /** End of the stream: what is there without an end of line counts as one. */
  end(): void;
}

export type TellLine = (text: string, isTruncated: boolean) => void;

/**
 * Of a line over `mostBytes` the beginning is told at once, as truncated, and the rest is thrown away up to its end: a
 * program that never ends its line, or writes one of 100 MB, costs no more memory than any other. LF and CR LF end a line.
 */
export function createLineSplitter(mostBytes: number, tell: TellLine): LineSplitter {
  /** The beginning of a line whose end has not come, decoded; a character that a chunk cuts is kept by the decoder. */
  let begun = '';
  let begunBytes = 0;
  let isSkipping = false;
  const decoder = new StringDecoder('utf8');

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
        take(chunk, start, end);
        finish();
        start = end + 1;
      }
      take(chunk, start, chunk.length);
    },
    end() {
      if (begunBytes > 0) finish();
    },
  };

  function take(chunk: Buffer, start: number, end: number): void {
    if (isSkipping || start === end) return;
    const room = mostBytes - begunBytes;
    const isTooLong = end - start > room;
    begun += decoder.write(chunk.subarray(start, isTooLong ? start + room : end));
    begunBytes += Math.min(end - start, room);
    if (!isTooLong) return;
    // A character that the cut went through is left out.
    decoder.end();
    tell(begun, true);
    begun = '';
    isSkipping = true;
  }

  function finish(): void {
    const text = begun + decoder.end();
    if (!isSkipping) tell(text.endsWith('\r') ? text.slice(0, -1) : text, false);
    begun = '';
    begunBytes = 0;
    isSkipping = false;
  }
}

const lineFeed = 0x0a;
