/** Hands on bytes line by line, so that what two streams write into one file does not cut each other’s lines. */
export interface WholeLines {
  push(chunk: Buffer): void;
  /** The last line is given its end, if it has none. */
  end(): void;
}

/** A beginning of this size is handed on without its end: a file loses nothing, and memory has a bound. */
const mostBegunBytes = 64 * 1024;

export function createWholeLines(write: (bytes: Buffer) => void): WholeLines {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  let isWithin = false;

  return {
    push(chunk) {
      const end = chunk.lastIndexOf(lineFeed) + 1;
      if (end > 0) hand(chunk.subarray(0, end));
      if (end > 0) isWithin = false;
      if (end === chunk.length) return;
      begun.push(chunk.subarray(end));
      begunBytes += chunk.length - end;
      if (begunBytes < mostBegunBytes) return;
      hand(Buffer.alloc(0));
      isWithin = true;
    },
    end() {
      if (begunBytes > 0 || isWithin) hand(Buffer.of(lineFeed));
      isWithin = false;
    },
  };

  function hand(rest: Buffer): void {
    write(begunBytes === 0 ? rest : Buffer.concat([...begun, rest]));
    begun = [];
    begunBytes = 0;
  }
}

const lineFeed = 0x0a;
