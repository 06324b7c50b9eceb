/** A piece of a stream, as framing.json describes it. */
export interface Part {
  text?: string;
  base64?: string;
  frame?: string;
  repeat?: number;
}

export function joinParts(parts: Part[]): Buffer {
  return Buffer.concat(parts.map(bytesOf));
}

export function frame(message: object): Buffer {
  return bytesOf({ frame: JSON.stringify(message) });
}

function bytesOf({ text, base64, frame, repeat = 1 }: Part): Buffer {
  if (base64 !== undefined) return Buffer.from(base64, 'base64');
  if (text !== undefined) return Buffer.from(text.repeat(repeat));
  const body = Buffer.from((frame ?? '').repeat(repeat));
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
}

/** Takes what a client wrote, in whatever pieces, and hands over its messages. Throws on what is no frame. */
export function createReader(onMessage: (message: Record<string, unknown>) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    for (;;) {
      const header = rest.indexOf('\r\n\r\n');
      if (header === -1) return;
      const length = /^content-length: *(\d+)$/im.exec(rest.toString('latin1', 0, header))?.[1];
      if (length === undefined) throw new Error(`the client wrote no frame: ${JSON.stringify(rest.toString('latin1', 0, 80))}`);
      const end = header + 4 + Number(length);
      if (rest.length < end) return;
      const body = rest.toString('utf8', header + 4, end);
      rest = rest.subarray(end);
      onMessage(JSON.parse(body) as Record<string, unknown>);
    }
  };
}
