/** A message that arrives in pieces. */
export interface Gathering {
  readonly length: number;
  /** Memory held. */
  readonly capacity: number;
  /** Copies `chunk[start, end)` to the end of what is there. */
  append(chunk: Buffer, start: number, end: number): void;
  /** What was gathered; the next message starts empty. */
  take(): Buffer;
}

/**
 * Grows by doubling up to `most`, so that a million one-byte pieces cost a million bytes of copying and not a
 * million objects, and a frame that merely promises 8 MiB costs nothing.
 */
export function createGathering(most: number): Gathering {
  let held = empty;
  let length = 0;

  return {
    get length() {
      return length;
    },
    get capacity() {
      return held.length;
    },
    append(chunk, start, end) {
      const needed = length + end - start;
      if (needed > held.length) {
        const grown = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(most, Math.max(smallest, held.length * 2))));
        held.copy(grown, 0, 0, length);
        held = grown;
      }
      chunk.copy(held, length, start, end);
      length = needed;
    },
    take() {
      const whole = held.subarray(0, length);
      held = empty;
      length = 0;
      return whole;
    },
  };
}

const empty = Buffer.alloc(0);
const smallest = 256;
