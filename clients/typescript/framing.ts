/* LSP's base protocol, as much of it as a host needs: `Content-Length: N`, a blank line, N bytes of JSON. */

/** One message as one piece of bytes, so that a single write cannot be interleaved with another. */
export function frame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
}

/**
 * Takes chunks however they are cut and hands over each message. Throws on bytes that are no frame: whatever follows
 * them cannot be trusted.
 */
export function createFrameReader(onMessage: (message: unknown) => void): (chunk: Buffer) => void {
  let header: Buffer = Buffer.alloc(0);
  let body: Buffer | null = null;
  let filled = 0;

  return (chunk) => {
    for (let at = 0; at < chunk.length; ) at = body === null ? readHeader(chunk, at) : readBody(chunk, at, body);
  };

  function readHeader(chunk: Buffer, start: number): number {
    const before = header.length;
    header = Buffer.concat([header, chunk.subarray(start, start + longestHeaderBytes)]);
    const end = header.indexOf('\r\n\r\n');
    if (end === -1 && header.length < longestHeaderBytes) return chunk.length;
    const length = end === -1 ? undefined : /^content-length:[ \t]*(\d{1,15})[ \t]*$/im.exec(header.toString('latin1', 0, end))?.[1];
    if (length === undefined)
      throw new Error(`The sidecar wrote something that is no message: ${JSON.stringify(header.toString('latin1', 0, 80))}.`);
    header = Buffer.alloc(0);
    body = Buffer.allocUnsafe(Number(length));
    filled = 0;
    return start + (end + 4 - before);
  }

  function readBody(chunk: Buffer, start: number, wanted: Buffer): number {
    const copied = chunk.copy(wanted, filled, start);
    filled += copied;
    if (filled === wanted.length) {
      body = null;
      onMessage(JSON.parse(wanted.toString()));
    }
    return start + copied;
  }
}

const longestHeaderBytes = 8_192;
