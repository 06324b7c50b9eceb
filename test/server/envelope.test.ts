import { describe, expect, it } from 'vitest';
import { errorCatalogue } from '../../src/protocol/errorCatalogue.ts';
import { fail } from '../../src/protocol/errors.ts';
import { type EnvelopeFailure, parseEnvelope } from '../../src/server/transport/framing/envelope.ts';
import { cutBelow, isDeeper } from '../../src/server/transport/framing/jsonDepth.ts';
import { toWellFormedJson } from '../../src/server/transport/framing/unicode.ts';
import { framingVectors } from './framingVectors.ts';

/* What a body becomes is in clients/conformance/framing.json; here is what the vectors cannot say. */

const parse = (text: string) => parseEnvelope(Buffer.from(text));

describe('a message', () => {
  it('is accounted with the bytes of its body', () => {
    expect(parse('{"jsonrpc":"2.0","method":"é"}')).toEqual({ kind: 'notification', method: 'é', params: {}, bodyBytes: 31 });
    expect(parse('é')).toMatchObject({ kind: 'invalid', bodyBytes: 2 });
  });

  it('does not reach into prototypes', () => {
    const envelope = parse('{"__proto__":{"id":9},"jsonrpc":"2.0","method":"a","params":{"__proto__":{"polluted":1},"text":"\\ud800"}}');
    expect(envelope.kind).toBe('notification');
    if (envelope.kind !== 'notification') return;
    expect(Object.getPrototypeOf(envelope.params)).toBe(Object.prototype);
    expect(Object.keys(envelope.params)).toEqual(['__proto__', 'text']);
    expect((envelope.params as { polluted?: number }).polluted).toBeUndefined();
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('takes its members from itself alone', () => {
    expect(parse('{"__proto__":{"jsonrpc":"2.0","id":1,"method":"a"}}')).toMatchObject({ kind: 'invalid', id: null });
  });

  it('gives -0 back as 0', () => {
    const envelope = parse('{"jsonrpc":"2.0","id":-0,"method":"a"}');
    expect(envelope.kind === 'request' && Object.is(envelope.id, 0)).toBe(true);
  });
});

describe('an invalid message', () => {
  const failures: [string, EnvelopeFailure][] = framingVectors.flatMap(({ name, input }) =>
    input.flatMap((part) => {
      const texts = 'text' in part && part.repeat === undefined ? part.text.split('\n') : 'frame' in part ? [part.frame] : [];
      return texts
        .map((text) => parse(text))
        .flatMap((envelope): [string, EnvelopeFailure][] => (envelope.kind === 'invalid' ? [[name, envelope.failure]] : []));
    }),
  );

  it('always has a sentence, and the data that its kind promises', () => {
    expect(failures.length).toBeGreaterThan(50);
    for (const [name, { kind, message, data }] of failures) {
      expect(message, name).toMatch(/^[A-Z].*\.$/s);
      expect(Object.keys(data), name).toEqual(Object.keys(errorCatalogue[kind].data));
      expect(fail(kind, message, data as never).failure).toEqual({ kind, message, data });
    }
  });

  it.each([
    ['{"jsonrpc":"2.0","id":3,"result":1,"error":{"code":1,"message":"x"}}', 3],
    ['{"jsonrpc":"2.0","id":"a","error":"no"}', 'a'],
    ['{"jsonrpc":"2.0","id":[3],"result":1}', null],
    [`{"jsonrpc":"2.0","id":3,"result":${'['.repeat(64)}${']'.repeat(64)}}`, 3],
    [`{"jsonrpc":"2.0","id":3,"error":{"code":1,"message":"x","data":${'['.repeat(64)}${']'.repeat(64)}}}`, 3],
  ])('that was a response tells whose call has failed: %s', (text, id) => {
    expect(parse(text)).toMatchObject({ kind: 'invalid', meant: 'response', id });
  });

  it('that was a notification is not to be answered', () => {
    expect(parse('{"jsonrpc":"2.0","method":"initialized","params":[1]}')).toMatchObject({
      meant: 'notification',
      id: null,
      failure: { kind: 'InvalidParams' },
    });
  });

  it('names positional params as the issue', () => {
    expect(parse('{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}')).toMatchObject({
      meant: 'request',
      id: 1,
      failure: { kind: 'InvalidParams', data: { issues: [{ path: '' }] } },
    });
  });
});

describe('nesting', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

  it.each([1, 2, 63, 64])('of %i levels is within %i and not within one less', (levels) => {
    expect(isDeeper(nested(levels), levels)).toBe(false);
    expect(isDeeper(nested(levels + 1), levels)).toBe(true);
  });

  it('is not counted in strings, whatever they escape', () => {
    const text = JSON.stringify({ a: '[[[[[[', b: '\\', c: '"[[[[[[\\"', d: '[[[[[[' });
    expect(isDeeper(text, 1)).toBe(false);
    expect(isDeeper(`[${text}]`, 1)).toBe(true);
  });

  it('is cut so that what is left has the same upper levels', () => {
    const value = { a: [1, { b: [2] }, '[{"'], c: { d: { e: 1 }, f: 'x' }, g: 7 };
    expect(JSON.parse(cutBelow(JSON.stringify(value), 2))).toEqual({ a: [1, {}, '[{"'], c: { d: {}, f: 'x' }, g: 7 });
    expect(cutBelow(JSON.stringify(value), 9)).toBe(JSON.stringify(value));
  });
});

describe('JSON text', () => {
  it.each([
    ['"\\ud800"', '"\\ufffd"'],
    ['"\\uDBFF\\uDBFF\\uDFFF"', '"\\ufffd\\uDBFF\\uDFFF"'],
    ['"\\udc00\\ud800"', '"\\ufffd\\ufffd"'],
    ['"\\ud83e\\udd8a"', '"\\ud83e\\udd8a"'],
    ['"C:\\\\ud800"', '"C:\\\\ud800"'],
    ['"\\\\\\ud800"', '"\\\\\\ufffd"'],
    ['"\\ud800\\u0041"', '"\\ufffd\\u0041"'],
    ['"plain"', '"plain"'],
  ])('%s goes out as %s', (json, wellFormed) => {
    expect(toWellFormedJson(json)).toBe(wellFormed);
    expect(JSON.parse(wellFormed).isWellFormed()).toBe(true);
  });
});
