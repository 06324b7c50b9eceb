import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { errorCatalogue } from '../../src/protocol/errorCatalogue.ts';
import type { HostCallDefinition, MethodDefinition, NotificationDefinition } from '../../src/protocol/method.ts';
import { clientNotifications, hostCalls, methods, serverNotifications } from '../../src/protocol/methods/index.ts';

/** Its only result is the whole OpenRPC document. */
const withoutExample = ['rpc.discover'];

const endToEnd = join(import.meta.dirname, '..', 'e2e');

describe.each(Object.entries(methods))('%s', (key, definition) => {
  const { name, examples, params, result, errors } = definition as unknown as MethodDefinition;

  test('is listed under its own name', () => expect(key).toBe(name));

  test('has an example that its own schemas accept, and that loses nothing on the way', () => {
    expect(examples.length > 0 || withoutExample.includes(name)).toBe(true);
    for (const example of examples) {
      // A member that no schema knows would be dropped silently: misspelt, most likely.
      expect(z.parse(params, example.params), example.name).toEqual(example.params);
      expect(z.parse(result, example.result), example.name).toEqual(example.result);
    }
  });

  test('names errors of the catalogue', () => {
    expect(errors.filter((kind) => !Object.hasOwn(errorCatalogue, kind))).toEqual([]);
  });

  test('is called in an end-to-end test', () => {
    expect(endToEndFilesWith(name), `no file under test/e2e calls '${name}'`).not.toEqual([]);
  });
});

describe.each(Object.entries(hostCalls))('%s', (key, definition) => {
  const { name, examples, params, result } = definition as unknown as HostCallDefinition;

  test('is listed under its own name', () => expect(key).toBe(name));

  test('has an example that its own schemas accept, and that loses nothing on the way', () => {
    expect(examples).not.toEqual([]);
    for (const example of examples) {
      expect(z.parse(params, example.params)).toEqual(example.params);
      expect(z.parse(result, example.result)).toEqual(example.result);
    }
  });
});

describe.each(Object.entries({ ...clientNotifications, ...serverNotifications }))('%s', (key, definition) => {
  const { name, examples, params } = definition as unknown as NotificationDefinition;

  test('is listed under its own name', () => expect(key).toBe(name));

  test('has an example that its own schema accepts, and that loses nothing on the way', () => {
    expect(examples).not.toEqual([]);
    for (const example of examples) expect(z.parse(params, example)).toEqual(example);
  });
});

test('no two kinds of errors share a code, and ours are positive', () => {
  const codes = Object.values(errorCatalogue).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.filter((code) => code < 0 && (code < -32_800 || code > -32_000))).toEqual([]);
});

/** A name counts where it stands in quotes, as a call has it. */
function endToEndFilesWith(method: string): string[] {
  const files = readdirSync(endToEnd, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.test.ts'));
  return files.filter((path) =>
    [`'${method}'`, `"${method}"`, `\`${method}\``].some((quoted) => readFileSync(join(endToEnd, path), 'utf8').includes(quoted)),
  );
}
