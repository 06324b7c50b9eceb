/* LSP's base protocol, as much of it as a host needs: `Content-Length: N`, a blank line, N bytes of JSON. */

/** One message as one piece of bytes, so that a single write cannot be interleaved with another. */
export function frame(message: object): Buffer {
  const body = Buffer.from(JSON.stringify(message));
  return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
}

export const bodyBytesOf = (bytes: Buffer): number => bytes.length - (bytes.indexOf('\r\n\r\n') + 4);

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
    // A line feed alone will never become the blank line that is waited for.
    const isHopeless = /(?<!\r)\n/.test(header.toString('latin1', 0, end === -1 ? header.length : end));
    if (end === -1 && header.length < longestHeaderBytes && !isHopeless) return chunk.length;
    const length = isHopeless || end === -1 || end + 4 > longestHeaderBytes ? null : lengthIn(header.toString('latin1', 0, end));
    if (length === null)
      throw new Error(`The sidecar wrote something that is no message: ${JSON.stringify(header.toString('latin1', 0, 80))}.`);
    header = Buffer.alloc(0);
    body = Buffer.allocUnsafe(length);
    filled = 0;
    return start + (end + 4 - before);
  }

  function readBody(chunk: Buffer, start: number, wanted: Buffer): number {
    const copied = chunk.copy(wanted, filled, start);
    filled += copied;
    if (filled === wanted.length) {
      body = null;
      onMessage(JSON.parse(wanted.toString().replace(byteOrderMark, '')));
    }
    return start + copied;
  }
}

/** The length that a header tells; null when it is none: two lengths, another charset, a body larger than any of a sidecar's. */
function lengthIn(header: string): number | null {
  const fields = header
    .replace(byteOrderMarkInLatin1, '')
    .split('\r\n')
    .map((line) => /^([\w!#$%&'*+.^`|~-]+):[ \t]*([^\r\n\0]*?)[ \t]*$/.exec(line));
  if (fields.some((field) => field === null)) return null;
  const valuesOf = (name: string) => fields.filter((field) => field?.[1]?.toLowerCase() === name).map((field) => field?.[2] as string);
  const [length, ...others] = valuesOf('content-length');
  if (length === undefined || others.length > 0 || !/^\d{1,15}$/.test(length) || Number(length) > longestBodyBytes) return null;
  const charsets = valuesOf('content-type').flatMap((type) =>
    [...type.matchAll(/;[ \t]*([\w-]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^;]*)/g)].filter(([, name]) => /^charset$/i.test(name as string)),
  );
  return charsets.every(([, , charset]) => /^"?utf-?8"?[ \t]*$/i.test(charset as string)) ? Number(length) : null;
}

const byteOrderMarkInLatin1 = /^\u00ef\u00bb\u00bf/;
const byteOrderMark = /^\uFEFF/;
const longestHeaderBytes = 8_192;
/** Twice what a sidecar writes at most (limits.outboundBodyBytes). */
const longestBodyBytes = 64 * 1024 * 1024;
