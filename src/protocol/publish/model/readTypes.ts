import type { JsonSchema } from '../jsonSchema.ts';
import type { Member, NamedType, Type } from './model.ts';

/** Where something stands, which is what it is called if it has no name of its own. */
interface Place {
  name: string;
  reading: Reading;
}

interface Reading {
  schemas: Record<string, JsonSchema>;
  found: Map<string, NamedType>;
}

/** Published schemas → named types, with a name for whatever stands inline. Throws on a shape that no client could take. */
export function readTypes(schemas: Record<string, JsonSchema>): NamedType[] {
  const reading: Reading = { schemas, found: new Map() };
  for (const [name, schema] of Object.entries(schemas)) addType(schema, { name, reading });
  return [...reading.found.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

function addType(schema: JsonSchema, place: Place): void {
  const { name, reading } = place;
  if (reading.found.has(name))
    throw new Error(`Two types would be called ${name}: give one of them a name of its own in src/protocol/types.`);
  reading.found.set(name, readNamed(schema, place));
}

function readNamed(schema: JsonSchema, place: Place): NamedType {
  // Which way it travels is found out when all types are known.
  const named = { name: place.name, ...described(schema), sent: false, received: false };
  if (Array.isArray(schema.enum)) return { ...named, kind: 'enum', values: schema.enum as string[] };
  if (schema.properties !== undefined) {
    const members = Object.entries(schema.properties).map(([name, member]) => readMember(name, member, schema, place));
    return { ...named, kind: 'struct', members, strict: schema.additionalProperties === false };
  }
  if (schema.oneOf !== undefined) {
    return { ...named, kind: 'union', tag, variants: (schema.oneOf as JsonSchema[]).map((option) => readVariant(option, place)) };
  }
  return { ...named, kind: 'alias', type: readType(schema, place) };
}

function readMember(name: string, schema: JsonSchema, owner: JsonSchema, place: Place): Member {
  return {
    name,
    type: readType(schema, { ...place, name: place.name + capitalize(name) }),
    required: owner.required?.includes(name) ?? false,
    ...described(schema),
    ...(schema.default !== undefined && { default: schema.default }),
  };
}

const tag = 'kind';

function readVariant({ $ref }: JsonSchema, { name, reading }: Place): { value: string; type: string } {
  const type = referenced($ref ?? '');
  const value = reading.schemas[type]?.properties?.[tag]?.['const'];
  if (typeof value !== 'string') throw new Error(`${name}: each variant of a union is a struct with a literal \`${tag}\`.`);
  return { value, type };
}

function readType(schema: JsonSchema, place: Place): Type {
  if (schema.$ref !== undefined) return { kind: 'named', name: referenced(schema.$ref) };
  const alternatives = alternativesOf(schema);
  if (alternatives !== undefined) return readAlternatives(alternatives, place);
  if (schema['enum'] !== undefined || schema.properties !== undefined || schema['oneOf'] !== undefined) return readInline(schema, place);
  if (schema['const'] !== undefined) return { kind: 'literal', value: schema['const'] as string };
  switch (schema.type) {
    case 'integer':
    case 'number':
      return { kind: schema.type, ...only(schema, ['minimum', 'maximum']) };
    case 'string':
      return { kind: 'string', ...only(schema, ['minLength', 'maxLength']) };
    case 'boolean':
    case 'null':
      return { kind: schema.type };
    case 'array':
      return { kind: 'array', items: readType(schema['items'] as JsonSchema, place), ...only(schema, ['minItems', 'maxItems']) };
    case 'object':
      return { kind: 'map', values: readValues(schema['additionalProperties'], place) };
    case undefined:
      return { kind: 'any' };
    default:
      throw new Error(`${place.name}: the intermediate form has no type ${schema.type}.`);
  }
}

function alternativesOf(schema: JsonSchema): JsonSchema[] | undefined {
  if (Array.isArray(schema.type)) return schema.type.map((type: string) => ({ ...schema, type }));
  return (schema['allOf'] ?? schema['anyOf']) as JsonSchema[] | undefined;
}

/** `null` in the place of `of`, one named type with a sentence of its own, or an id. */
function readAlternatives(alternatives: JsonSchema[], place: Place): Type {
  const others = alternatives.filter(({ type }) => type !== 'null');
  if (others.length === 1) {
    const of = readType(others[0] as JsonSchema, place);
    return others.length === alternatives.length ? of : { kind: 'nullable', of };
  }
  if (others.map(({ type }) => type).join() === 'integer,string') return { kind: 'integerOrString' };
  throw new Error(`${place.name}: a choice between shapes needs a tag: define it with z.discriminatedUnion('${tag}', …).`);
}

function readValues(values: unknown, place: Place): Type {
  return typeof values === 'object' ? readType(values as JsonSchema, place) : { kind: 'any' };
}

/** What stands inline gets a name; its sentence stays with the member that has it. */
function readInline({ description: _, ...schema }: JsonSchema, place: Place): Type {
  addType(schema, place);
  return { kind: 'named', name: place.name };
}

const described = ({ description }: JsonSchema) => (description === undefined ? {} : { description });

function only<Keyword extends string>(schema: JsonSchema, keywords: Keyword[]): { [One in Keyword]?: number } {
  const present = keywords.filter((keyword) => schema[keyword] !== undefined).map((keyword) => [keyword, schema[keyword]]);
  return Object.fromEntries(present) as { [One in Keyword]?: number };
}

const referenced = (ref: string) => ref.slice(ref.lastIndexOf('/') + 1);

const capitalize = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
