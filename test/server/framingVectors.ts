import { readFileSync } from 'node:fs';
import { errorCatalogue } from '../../src/protocol/errorCatalogue.ts';
import { type Envelope, parseEnvelope } from '../../src/server/transport/framing/envelope.ts';
import type { FrameBounds } from '../../src/server/transport/framing/frames.ts';
import { createFrameReader, type Framing } from '../../src/server/transport/framing/reader.ts';

/** clients/conformance/framing.json; the README beside it tells the form. */
export interface FramingVector {
  name: string;
  framing: Framing | null;
  input: InputPart[];
  expect: Record<string, unknown>[];
}

type InputPart = { text: string; repeat?: number } | { base64: string } | { frame: string };

export const framingVectors: FramingVector[] = JSON.parse(
  readFileSync(new URL('../../clients/conformance/framing.json', import.meta.url), 'utf8'),
).vectors;

export function inputOf(vector: FramingVector): Buffer {
  return Buffer.concat(vector.input.map(bytesOf));
}

function bytesOf(part: InputPart): Buffer {
  if ('base64' in part) return Buffer.from(part.base64, 'base64');
  if ('frame' in part) return lspFrame(part.frame);
  const text = Buffer.from(part.text);
  return part.repeat === undefined ? text : Buffer.alloc(text.length * part.repeat, text);
}

export function lspFrame(body: string): Buffer {
  return Buffer.from(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

export interface Reading {
  framing: Framing | null;
  events: Record<string, unknown>[];
  /** The most that the reader held at any time. */
  mostBuffered: number;
}

/** Everything that comes out of a stream that arrives in these chunks and then ends. */
export function readAll(chunks: Iterable<Buffer>, bounds?: FrameBounds): Reading {
  const events: Record<string, unknown>[] = [];
  let framing: Framing | null = null;
  let mostBuffered = 0;
  const reader = createFrameReader(
    {
      onFraming: (detected) => {
        framing = detected;
      },
      onBody: (body) => events.push(eventOf(parseEnvelope(body))),
      onTooLarge: () => events.push({ kind: 'refused', id: null, code: errorCatalogue.LimitExceeded.code, limit: 'bodyBytes' }),
      onBroken: (reason) => events.push({ kind: 'broken', reason }),
    },
    bounds,
  );
  for (const chunk of chunks) {
    reader.push(chunk);
    if (reader.bufferedBytes > mostBuffered) mostBuffered = reader.bufferedBytes;
  }
  reader.end();
  return { framing, events, mostBuffered };
}

function eventOf(envelope: Envelope): Record<string, unknown> {
  switch (envelope.kind) {
    case 'request':
    case 'notification': {
      const { bodyBytes: _, ...event } = envelope;
      return event;
    }
    case 'response': {
      const { jsonrpc: _, ...event } = envelope.message;
      return { kind: 'response', ...event };
    }
    case 'invalid': {
      if (envelope.meant !== 'request') return { kind: 'ignored' };
      const { kind, data } = envelope.failure;
      const detail = 'reason' in data ? { reason: data.reason } : 'limit' in data ? { limit: data.limit } : {};
      return { kind: 'refused', id: envelope.id, code: errorCatalogue[kind].code, ...detail };
    }
  }
}

export function* cutEvery(input: Buffer, size: number): Generator<Buffer> {
  for (let start = 0; start < input.length; start += size) yield input.subarray(start, start + size);
}
