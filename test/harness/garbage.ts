import { readFileSync } from 'node:fs';
import { root } from './sidecar.ts';

/* Params by the published schemas: some as they should be, most wrong in one place. By a seed, so that a failure can be played again. */

type Schema = Record<string, unknown> & {
  $ref?: string;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  type?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minimum?: number;
  maximum?: number;
};

export interface DescribedMethod {
  name: string;
  params: { name: string; required: boolean; schema: Schema }[];
  /** The kinds that it may answer. */
  kinds: Set<string>;
}

interface Document {
  methods: { name: string; 'x-direction': string; result?: unknown; params: DescribedMethod['params']; errors?: { $ref: string }[] }[];
  components: { schemas: Record<string, Schema> };
}

const document = JSON.parse(readFileSync(`${root}clients/spec/openrpc.json`, 'utf8')) as Document;

/** Every request that a host may make, as the published document has it. */
export const describedMethods: DescribedMethod[] = document.methods
  .filter((method) => method.result !== undefined && method['x-direction'] === 'clientToServer')
  .map(({ name, params, errors = [] }) => ({ name, params, kinds: new Set(errors.map(({ $ref }) => $ref.split('/').at(-1) as string)) }));

export type Random = () => number;

/** mulberry32: small, and the same everywhere. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** `garbageRate` of all values have nothing to do with their schema. */
export function generateParams({ params }: DescribedMethod, random: Random, garbageRate: number): Record<string, unknown> {
  const members = params
    .filter(({ required }) => required || random() < 0.5)
    .map(({ name, schema }) => [name, generate(schema, random, garbageRate, 0)]);
  if (random() < garbageRate) members.push([pick(names, random), pick(oddities, random)]);
  if (members.length > 0 && random() < garbageRate) members.splice(Math.floor(random() * members.length), 1);
  return Object.fromEntries(members) as Record<string, unknown>;
}

const names = ['', '__proto__', 'constructor', 'toString', 'unknown', 'Port', 'a\0b', '\u202e', 'x'.repeat(5_000)];
const texts = [
  '',
  'a',
  'a\0b',
  '../../etc/passwd',
  '\ud800',
  '🦊',
  '$(id)',
  '%s%n',
  ' ',
  '\n',
  '/nowhere/at/all',
  'x'.repeat(201),
  'y'.repeat(100_000),
];
const numbers = [-1, 0, 1, 2, 0.5, 20, 65_535, 65_536, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 1e308, -1e308];
const oddities: unknown[] = [null, true, false, [], {}, [[[]]], [null], { kind: 'no such kind' }, { length: -1 }, ...texts, ...numbers];

const pick = <Value>(values: readonly Value[], random: Random): Value => values[Math.floor(random() * values.length)] as Value;

function generate(schema: Schema, random: Random, garbageRate: number, depth: number): unknown {
  if (random() < garbageRate) return pick(oddities, random);
  const within = (inner: Schema) => generate(inner, random, garbageRate, depth + 1);
  if (schema.$ref !== undefined) return within(document.components.schemas[schema.$ref.split('/').at(-1) as string] as Schema);
  if (schema.allOf) return within(schema.allOf[0] as Schema);
  const options = schema.oneOf ?? schema.anyOf;
  if (options) return within(pick(options, random));
  if ('const' in schema) return schema.const;
  if (schema.enum) return pick(schema.enum, random);
  switch (schema.type) {
    case 'object':
      return generateObject(schema, random, within);
    case 'array':
      return Array.from({ length: Math.floor(random() * 3) }, () => within(schema.items ?? {}));
    case 'string':
      return random() < 0.5 ? pick(texts, random) : `nobody has this name ${Math.floor(random() * 1e9)}`;
    case 'integer':
    case 'number':
      return generateNumber(schema, random);
    case 'boolean':
      return random() < 0.5;
    case 'null':
      return null;
    default:
      return pick(oddities, random);
  }
}

function generateObject(
  { properties = {}, required = [], additionalProperties }: Schema,
  random: Random,
  within: (inner: Schema) => unknown,
) {
  const members = Object.entries(properties)
    .filter(([name]) => required.includes(name) || random() < 0.4)
    .map(([name, inner]) => [name, within(inner)]);
  if (typeof additionalProperties === 'object' && random() < 0.5) members.push([pick(names, random), within(additionalProperties)]);
  return Object.fromEntries(members) as unknown;
}

function generateNumber({ minimum = 0, maximum = 100 }: Schema, random: Random): number {
  if (random() < 0.3) return pick([minimum, maximum, minimum - 1, maximum + 1, ...numbers], random);
  return Math.floor(minimum + random() * Math.min(maximum - minimum, 100));
}
