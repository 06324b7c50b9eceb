import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { FrameBounds } from '../../src/server/transport/framing/frames.ts';
import { type BrokenReason, createFrameReader } from '../../src/server/transport/framing/reader.ts';
import { headerBytes, limits } from '../../src/server/transport/limits.ts';
import { cutEvery, framingVectors, inputOf, lspFrame, readAll } from './framingVectors.ts';

const smallBytes = 1024;
const bytewiseBytes = 64 * 1024;

describe.each(framingVectors)('$framing: $name', (vector) => {
  const input = inputOf(vector);

  it.each(cutsOf(input))('%s', (_, cuts) => {
    for (const [where, chunks] of cuts()) {
      const { framing, events } = readAll(chunks);
      // One assertion a cut would be most of the time that this takes.
      if (!isDeepStrictEqual(events, vector.expect) || framing !== vector.framing) {
        expect({ framing, events }, where).toEqual({ framing: vector.framing, events: vector.expect });
        expect.unreachable(`the outcome differs, ${where}`);
      }
    }
  });
});

type Cuts = () => Iterable<[where: string, chunks: Iterable<Buffer>]>;

function cutsOf(input: Buffer): [name: string, Cuts][] {
  const whole: [string, Cuts] = ['whole', () => [['whole', [input]]]];
  const bytewise: [string, Cuts] = ['byte by byte', () => [['byte by byte', cutEvery(input, 1)]]];
  const chunked: [string, Cuts] = [
    'in chunks of 64 KiB and of an odd size',
    () => [65_536, 8191].map((size) => [`every ${size}`, cutEvery(input, size)]),
  ];
  const inTwo: [string, Cuts] = [
    'cut in two at every place',
    () =>
      Array.from({ length: Math.max(input.length - 1, 0) }, (_, at) => [
        `cut at ${at + 1}`,
        [input.subarray(0, at + 1), input.subarray(at + 1)],
      ]),
  ];
  if (input.length <= smallBytes) return [whole, bytewise, inTwo];
  return input.length <= bytewiseBytes ? [whole, bytewise, chunked] : [whole, chunked];
}

describe('the ends of a connection', () => {
  const ping = lspFrame('{}');

  it('says once that a stream is broken, and nothing after it', () => {
    const events: string[] = [];
    const reader = createFrameReader({
      onBody: () => events.push('body'),
      onTooLarge: () => events.push('tooLarge'),
      onBroken: (reason) => events.push(reason),
    });
    reader.push(Buffer.concat([ping, Buffer.from('oops\n'), ping]));
    reader.push(ping);
    reader.push(Buffer.from('oops\n'));
    reader.end();
    expect(events).toEqual(['body', 'lineFeedOnly']);
    expect(reader.bufferedBytes).toBe(0);
  });

  it.each([
    ['lsp', Buffer.concat([ping, ping, ping])],
    ['ndjson', Buffer.from('{}\n{}\n{}\n{"unfinished')],
    ['lsp', Buffer.from(`${'Content-Length: 0\r\n\r\n'.repeat(3)}oops\n`)],
  ])('stops inside a chunk when a %s handler closes it', (_, input) => {
    let bodies = 0;
    const broken: BrokenReason[] = [];
    const reader = createFrameReader({
      onBody() {
        bodies += 1;
        if (bodies === 2) reader.close();
      },
      onTooLarge: () => {},
      onBroken: (reason) => broken.push(reason),
    });
    reader.push(input);
    reader.push(input);
    reader.end();
    expect({ bodies, broken }).toEqual({ bodies: 2, broken: [] });
  });

  it.each([
    ['lsp', ping],
    ['ndjson', Buffer.from('{}\n')],
  ])('stays in step when an %s handler throws', (_, frame) => {
    let bodies = 0;
    const reader = createFrameReader({
      onBody() {
        bodies += 1;
        if (bodies === 1) throw new Error('a bug above');
      },
      onTooLarge: () => {},
      onBroken: (reason) => expect.unreachable(reason),
    });
    expect(() => reader.push(frame)).toThrow('a bug above');
    reader.push(frame);
    reader.end();
    expect(bodies).toBe(2);
  });

  it('tells the framing before the first body, and only once', () => {
    const events: string[] = [];
    const reader = createFrameReader({
      onFraming: (framing) => events.push(framing),
      onBody: (body, framing) => events.push(`${framing} ${body}`),
      onTooLarge: () => {},
      onBroken: () => {},
    });
    expect(reader.framing).toBeNull();
    reader.push(Buffer.from('\n\n[1]\n{}\n'));
    expect(events).toEqual(['ndjson', 'ndjson [1]', 'ndjson {}']);
    expect(reader.framing).toBe('ndjson');
  });
});

describe('bounds', () => {
  const bounds: FrameBounds = { headerBytes: 64, bodyBytes: 16, skippableBodyBytes: 32 };
  const outcome = (text: string, size: number) =>
    readAll(cutEvery(Buffer.from(text), size), bounds).events.map(({ kind, limit, reason }) => limit ?? reason ?? kind);

  it.each([1, 3, 1000])('are exact to the byte for lines, in chunks of %i', (size) => {
    const line = (bytes: number) => `{}${' '.repeat(bytes - 2)}`;
    for (const end of ['\n', '\r\n']) {
      expect(outcome(`${line(16)}${end}`, size)).toEqual(['invalidVersion']);
      expect(outcome(`${line(17)}${end}${line(16)}${end}`, size)).toEqual(['bodyBytes', 'invalidVersion']);
      expect(outcome(`${line(32)}${end}${line(16)}${end}`, size)).toEqual(['bodyBytes', 'invalidVersion']);
      expect(outcome(`${line(33)}${end}${line(16)}${end}`, size)).toEqual(['bodyTooLarge']);
    }
  });

  it.each([1, 3, 1000])('are exact to the byte for frames, in chunks of %i', (size) => {
    const frame = (bytes: number) => `Content-Length: ${bytes}\r\n\r\n{}${' '.repeat(bytes - 2)}`;
    expect(outcome(frame(16), size)).toEqual(['invalidVersion']);
    expect(outcome(frame(17) + frame(16), size)).toEqual(['bodyBytes', 'invalidVersion']);
    expect(outcome(frame(32) + frame(16), size)).toEqual(['bodyBytes', 'invalidVersion']);
    expect(outcome(frame(33) + frame(16), size)).toEqual(['bodyTooLarge']);
  });

  it('breaks an endless line while it still comes', () => {
    const broken: BrokenReason[] = [];
    const reader = createFrameReader({ onBody: () => {}, onTooLarge: () => {}, onBroken: (reason) => broken.push(reason) }, bounds);
    reader.push(Buffer.from('{'));
    for (let count = 0; count < 31; count += 1) reader.push(Buffer.from(' '));
    expect(broken).toEqual([]);
    reader.push(Buffer.from(' '));
    expect(broken).toEqual(['bodyTooLarge']);
  });
});

describe('cost', () => {
  const frame = { name: 'a frame', begin: (bytes: number) => Buffer.from(`Content-Length: ${bytes}\r\n\r\n{`), end: Buffer.from('}') };
  const line = { name: 'a line', begin: () => Buffer.from('{'), end: Buffer.from('}\n') };

  it.each([frame, line])('is linear for $name that comes byte by byte', ({ begin, end }) => {
    const byte = Buffer.from(' ');
    const elapsedMs = (bytes: number) => {
      let received = 0;
      let mostBuffered = 0;
      const reader = createFrameReader({
        onBody: (body) => {
          received = body.length;
        },
        onTooLarge: () => {},
        onBroken: (reason) => expect.unreachable(reason),
      });
      const startedAt = performance.now();
      reader.push(begin(bytes));
      for (let sent = 2; sent < bytes; sent += 1) {
        reader.push(byte);
        mostBuffered = Math.max(mostBuffered, reader.bufferedBytes);
      }
      reader.push(end);
      expect(received).toBe(bytes);
      expect(mostBuffered).toBeLessThanOrEqual(2 * bytes + headerBytes);
      return performance.now() - startedAt;
    };
    const bytes = limits.bodyBytes / 4;
    const quarterMs = elapsedMs(bytes / 4);
    // Four times the bytes: linear is 4, quadratic 16 and minutes in all.
    expect(elapsedMs(bytes)).toBeLessThan(10 * quarterMs + 1000);
  });

  it('is nothing for a frame that merely promises', () => {
    const reader = createFrameReader({ onBody: () => {}, onTooLarge: () => {}, onBroken: () => {} });
    reader.push(Buffer.from(`Content-Length: ${limits.bodyBytes}\r\n\r\n{`));
    expect(reader.bufferedBytes).toBeLessThanOrEqual(headerBytes + 256);
  });

  it('is no memory for what is skipped', () => {
    const reader = createFrameReader({ onBody: () => {}, onTooLarge: () => {}, onBroken: (reason) => expect.unreachable(reason) });
    reader.push(Buffer.from('Content-Length: 60000000\r\n\r\n'));
    const chunk = Buffer.alloc(65_536, 0x20);
    for (let sent = 0; sent < 59_000_000; sent += chunk.length) {
      reader.push(chunk);
      expect(reader.bufferedBytes).toBeLessThanOrEqual(headerBytes);
    }
  });
});
