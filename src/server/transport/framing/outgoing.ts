/** Frames that wait for the system, cut into the chunks in which they will be written. */
export interface Outgoing {
  /** Everything not taken yet, the chunk being written included. */
  readonly bytes: number;
  /** `bytes` is the length of `frame` in UTF-8. */
  append(frame: string, bytes: number): void;
  /** The same for a frame that is a chunk by itself, however long. */
  appendWhole(frame: string, bytes: number): void;
  /** The next chunk to write; null when there is none. */
  take(): Buffer | null;
  /** The system has taken that many bytes. */
  taken(bytes: number): void;
  drop(): void;
}

/**
 * Small frames share a chunk; it stays a string until it is full or asked for, so that a burst is encoded once.
 * A frame over `chunkBytes` is cut, whatever that does to its characters: the peer puts bytes together.
 */
export function createOutgoing(chunkBytes: number): Outgoing {
  let full: Buffer[] = [];
  let next = 0;
  let filling = '';
  let fillingBytes = 0;
  let bytes = 0;

  return {
    get bytes() {
      return bytes;
    },
    append(frame, frameBytes) {
      bytes += frameBytes;
      if (fillingBytes + frameBytes > chunkBytes) seal();
      if (frameBytes > chunkBytes) cut(Buffer.from(frame, 'utf8'));
      else {
        filling += frame;
        fillingBytes += frameBytes;
      }
    },
    appendWhole(frame, frameBytes) {
      bytes += frameBytes;
      seal();
      full.push(Buffer.from(frame, 'utf8'));
    },
    take() {
      if (next === full.length) seal();
      const chunk = full[next];
      if (chunk === undefined) return null;
      next += 1;
      if (next === full.length) {
        full = [];
        next = 0;
      }
      return chunk;
    },
    taken(count) {
      bytes -= count;
    },
    drop() {
      full = [];
      next = 0;
      filling = '';
      fillingBytes = 0;
      bytes = 0;
    },
  };

  function seal(): void {
    if (fillingBytes === 0) return;
    full.push(Buffer.from(filling, 'utf8'));
    filling = '';
    fillingBytes = 0;
  }

  function cut(frame: Buffer): void {
    for (let start = 0; start < frame.length; start += chunkBytes) full.push(frame.subarray(start, start + chunkBytes));
  }
}
