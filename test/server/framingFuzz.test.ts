import { describe, expect, it } from 'vitest';
import { headerBytes, limits } from '../../src/server/transport/limits.ts';
import { framingVectors, inputOf, lspFrame, readAll } from './framingVectors.ts';

const lastRequest = '{"jsonrpc":"2.0","id":"last","method":"sidecar/ping"}';
const lastEvent = { kind: 'request', id: 'last', method: 'sidecar/ping', params: {} };
const seeds = Array.from({ length: 8 }, (_, index) => 1 + index * 7919);

/** Streams that are small and do not end the connection. */
const calmVectors = framingVectors.filter(
  ({ framing, input, expect: events }) =>
    framing !== null && !input.some((part) => 'repeat' in part) && !events.some(({ kind }) => kind === 'broken'),
);

describe.each(seeds)('seed %i', (seed) => {
  it('random bytes never throw, and cost no more memory than was sent', () => {
    const random = randomFrom(seed);
    for (let run = 0; run < 300; run += 1) {
      const input = randomBytes(random, 1 + random(2000), run % 2 === 0 ? 256 : alphabet);
      const reading = readAll(cutAtRandom(input, random));
      expectSane(reading, input);
    }
  });

  it('garbage lines cost no later request', () => {
    const random = randomFrom(seed);
    for (let run = 0; run < 300; run += 1) {
      const garbage = randomBytes(random, random(500), run % 2 === 0 ? 256 : alphabet);
      const input = Buffer.concat([Buffer.from('{'), garbage, Buffer.from(`\n${lastRequest}\n`)]);
      const reading = readAll(cutAtRandom(input, random));
      expectSane(reading, input);
      expect(reading.events.at(-1)).toEqual(lastEvent);
    }
  });

  it('garbage in well-formed frames costs no later request', () => {
    const random = randomFrom(seed);
    for (let run = 0; run < 300; run += 1) {
      const garbage = Array.from({ length: random(5) }, () => {
        const body = randomBytes(random, random(200), run % 2 === 0 ? 256 : alphabet);
        return Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]);
      });
      const input = Buffer.concat([...garbage, lspFrame(lastRequest)]);
      const reading = readAll(cutAtRandom(input, random));
      expectSane(reading, input);
      expect(reading.events).toHaveLength(garbage.length + 1);
      expect(reading.events.at(-1)).toEqual(lastEvent);
    }
  });

  it('damaged streams end in a reason or in a later request', () => {
    const random = randomFrom(seed);
    for (const vector of calmVectors) {
      const isLines = vector.framing === 'ndjson';
      const end = isLines ? Buffer.from(`\n${lastRequest}`) : lspFrame(lastRequest);
      const input = Buffer.concat([damaged(inputOf(vector), random), end]);
      const reading = readAll(cutAtRandom(input, random));
      expectSane(reading, input);
      // Damage to the first byte may turn lines into headers; a damaged length may swallow the end as a body.
      const isBroken = reading.events.at(-1)?.kind === 'broken';
      if (reading.framing === 'ndjson' && isLines) expect(reading.events.at(-1)).toEqual(lastEvent);
      else if (!isBroken) expect(reading.events.length).toBeGreaterThan(0);
    }
  });

  it('valid streams of many messages come out whole, however they are cut', () => {
    const random = randomFrom(seed);
    for (const framing of ['lsp', 'ndjson']) {
      const echoes = Array.from({ length: 200 }, () => randomText(random));
      const bodies = echoes.map((echo, id) => JSON.stringify({ jsonrpc: '2.0', id, method: 'sidecar/ping', params: { echo } }));
      const input = Buffer.concat(bodies.map((body) => (framing === 'lsp' ? lspFrame(body) : Buffer.from(`${body}\n`))));
      const { events } = readAll(cutAtRandom(input, random));
      expect(events).toEqual(echoes.map((echo, id) => ({ kind: 'request', id, method: 'sidecar/ping', params: { echo } })));
    }
  });
});

function expectSane({ events, mostBuffered }: ReturnType<typeof readAll>, input: Buffer): void {
  expect(mostBuffered).toBeLessThanOrEqual(headerBytes + 256 + Math.min(2 * input.length, 2 * limits.bodyBytes));
  const broken = events.findIndex(({ kind }) => kind === 'broken');
  expect(broken === -1 || broken === events.length - 1).toBe(true);
}

type Random = (below: number) => number;

/** mulberry32: small, seeded, good enough to find trouble and to find it again. */
function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** What framing and JSON are made of, so that random input gets further than its first byte. */
const alphabet = [
  '{',
  '}',
  '[',
  ']',
  '"',
  '\\',
  ':',
  ',',
  '\r',
  '\n',
  ' ',
  '\t',
  '0',
  '1',
  '9',
  '-',
  'e',
  'Content-Length: ',
  '\r\n\r\n',
  '"jsonrpc":"2.0"',
  '"id":',
  '"method":',
  'null',
  '\\ud800',
  '\ufeff',
  'é',
];

function randomBytes(random: Random, length: number, source: 256 | string[]): Buffer {
  if (source === 256) return Buffer.from(Array.from({ length }, () => random(256)));
  return Buffer.from(Array.from({ length }, () => source[random(source.length)]).join('')).subarray(0, length);
}

function randomText(random: Random): string {
  const characters = ['a', '"', '\\', '\n', 'é', '€', '🦊', '\u2028', '{', '\u0000'];
  return Array.from({ length: random(40) }, () => characters[random(characters.length)]).join('');
}

function damaged(input: Buffer, random: Random): Buffer {
  const bytes = Buffer.from(input);
  for (let count = 1 + random(4); count > 0; count -= 1) bytes[random(bytes.length)] = random(256);
  const from = random(bytes.length);
  switch (random(4)) {
    case 0:
      return bytes.subarray(0, from);
    case 1:
      return Buffer.concat([bytes.subarray(0, from), bytes.subarray(random(bytes.length))]);
    default:
      return bytes;
  }
}

function* cutAtRandom(input: Buffer, random: Random): Generator<Buffer> {
  for (let start = 0; start < input.length; ) {
    const end = start + 1 + random(random(3) === 0 ? 400 : 8);
    yield input.subarray(start, end);
    start = end;
  }
}
