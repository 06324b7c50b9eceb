import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import { describe, expect, test } from 'vitest';
import * as z from 'zod/mini';
import { jsonSchemaDocument, namedTypes } from '../../src/protocol/publish/jsonSchema.ts';

/* What zod checks here and what another language checks with the published schema must be the same. */

interface Vectors {
  valid: unknown[];
  invalid: { why: string; value: unknown }[];
}

const vectors = JSON.parse(readFileSync(new URL('../../clients/conformance/types.json', import.meta.url), 'utf8')) as Record<
  string,
  Vectors
>;
const names = Object.keys(namedTypes('#/definitions/'));
const ajv = new Ajv({ strict: true, strictRequired: true, allErrors: true });
ajv.addSchema(jsonSchemaDocument('0.0.0'), 'sidewarden');

test('every published type compiles in ajv, and every vector is of a published type', () => {
  for (const name of names) expect(compile(name), name).toBeTypeOf('function');
  expect(Object.keys(vectors).filter((name) => !names.includes(name))).toEqual([]);
});

describe.each(names)('%s', (name) => {
  const { valid, invalid } = vectors[name] ?? { valid: [], invalid: [] };

  test('has valid and invalid vectors in clients/conformance/types.json', () => {
    expect(valid).not.toEqual([]);
    expect(invalid).not.toEqual([]);
  });

  test('zod and ajv accept every valid vector', () => {
    for (const value of valid) expect(verdicts(name, value), JSON.stringify(value)).toEqual({ zod: true, ajv: true });
  });

  test('zod and ajv refuse every invalid vector', () => {
    for (const { why, value } of invalid)
      expect(verdicts(name, value), `${why}: ${JSON.stringify(value)}`).toEqual({ zod: false, ajv: false });
  });

  test('zod and ajv agree on every valid vector with one member missing or of another type', () => {
    for (const value of valid.flatMap(mutations)) {
      const { zod, ajv } = verdicts(name, value);
      expect(zod, JSON.stringify(value)).toBe(ajv);
    }
  });
});

function verdicts(name: string, value: unknown): { zod: boolean; ajv: boolean } {
  return { zod: z.safeParse(registered(name), value).success, ajv: compile(name)(value) };
}

function compile(name: string): ValidateFunction {
  const validate = ajv.getSchema(`sidewarden#/definitions/${name}`);
  if (validate === undefined) throw new Error(`${name} is not published`);
  return validate;
}

function registered(name: string): z.ZodMiniType {
  const schema = (z.globalRegistry as unknown as { _idmap: Map<string, z.ZodMiniType> })._idmap.get(name);
  if (schema === undefined) throw new Error(`${name} is not registered`);
  return schema;
}

const replacements = [null, true, -1, 0.5, 0, '', 'text', [], {}];

/** The value with each member in turn taken out, or replaced by something of another type; two levels deep. */
function mutations(value: unknown, depth = 0): unknown[] {
  if (typeof value !== 'object' || value === null || depth === 2) return [];
  if (Array.isArray(value)) return mutateElement(value, depth);
  return Object.entries(value).flatMap(([key, member]) => {
    const { [key]: _, ...others } = value as Record<string, unknown>;
    return [
      others,
      ...replacements.map((other) => ({ ...others, [key]: other })),
      ...mutations(member, depth + 1).map((other) => ({ ...others, [key]: other })),
    ];
  });
}

function mutateElement([first, ...others]: unknown[], depth: number): unknown[] {
  if (first === undefined) return [];
  return [...replacements, ...mutations(first, depth + 1)].map((other) => [other, ...others]);
}
