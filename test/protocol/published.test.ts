import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { validateOpenRPCDocument } from '@open-rpc/schema-utils-js';
import { describe, expect, test } from 'vitest';
import { methods } from '../../src/protocol/methods/index.ts';
import { leftoverFiles, publishedFiles, replaceBlock } from '../../src/protocol/publish/files.ts';
import { jsonSchemaDocument } from '../../src/protocol/publish/jsonSchema.ts';
import { markdownReference } from '../../src/protocol/publish/markdown.ts';
import { openrpcDocument } from '../../src/protocol/publish/openrpc.ts';

const root = new URL('../../', import.meta.url).pathname;

describe('what is committed is what src/protocol says', () => {
  for (const { path, text } of publishedFiles()) {
    test(relative(root, path), () => {
      const read = readFileSync(path, 'utf8');
      const message = 'stale: run `npm run generate` and commit the result';
      if (path.endsWith('.json')) expect(JSON.parse(read), message).toEqual(JSON.parse(text));
      expect(read, message).toBe(text);
    });
  }

  test('and no generated file is left over', () => {
    expect(leftoverFiles(), 'run `npm run generate`').toEqual([]);
  });

  test('a README without the markers is refused', () => {
    expect(() => replaceBlock('# no markers', 'table')).toThrow('markers');
  });
});

describe('the OpenRPC document', () => {
  const document = openrpcDocument('1.2.3') as { methods: Record<string, unknown>[] };

  test('is accepted by the validator of OpenRPC', () => {
    expect(validateOpenRPCDocument(document as never)).toBe(true);
  });

  test('is refused by it when an extension is misused, so that the acceptance means something', () => {
    const [first, ...others] = document.methods;
    const broken = { ...document, methods: [{ ...first, 'x-direction': 'sideways' }, ...others] };
    expect(validateOpenRPCDocument(broken as never)).not.toBe(true);
  });

  test('tells every request what it may answer, each kind once', () => {
    const requests = document.methods.filter((method) => 'result' in method && method['x-direction'] === 'clientToServer') as {
      name: string;
      errors: { $ref: string }[];
    }[];
    expect(requests.map(({ name }) => name)).toEqual(Object.keys(methods));
    for (const { name, errors } of requests) {
      const refs = errors.map(({ $ref }) => $ref);
      expect(new Set(refs).size, name).toBe(refs.length);
      expect(refs, name).toContain('#/components/errors/InvalidParams');
    }
  });

  test('points only at what it holds', () => {
    expect(danglingRefs(document, '#/components/')).toEqual([]);
  });
});

describe('the JSON Schema document', () => {
  const document = jsonSchemaDocument('1.2.3');

  test('points only at what it holds', () => {
    expect(danglingRefs(document, '#/definitions/')).toEqual([]);
  });

  test('carries nothing that only zod needs', () => {
    const text = JSON.stringify(document.definitions);
    for (const leftover of ['$id', '$schema', String(Number.MAX_SAFE_INTEGER), String(Number.MIN_SAFE_INTEGER), '~standard'])
      expect(text).not.toContain(leftover);
  });
});

test('every link of METHODS.md leads to exactly one heading', () => {
  const text = markdownReference();
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replace(/[^a-z0-9 -]/g, '')
      .replaceAll(' ', '-'),
  );
  expect(headings.filter((heading, index) => headings.indexOf(heading) !== index)).toEqual([]);
  const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, target]) => target);
  expect(links.filter((target) => !headings.includes(target as string))).toEqual([]);
});

function danglingRefs(document: object, prefix: string): string[] {
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref]) => ref as string);
  expect(refs.length).toBeGreaterThan(0);
  return refs.filter((ref) => !ref.startsWith(prefix) || resolve(document, ref) === undefined);
}

function resolve(document: object, ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], document);
}
