import * as z from 'zod/mini';
import { errorCatalogue, errorDataSchema } from '../errorCatalogue.ts';
import type { ErrorKind } from '../errors.ts';
import { clientNotifications, hostCalls, methods, serverNotifications } from '../methods/index.ts';

/** JSON Schema as we publish it: plain draft-07. */
export interface JsonSchema {
  [keyword: string]: unknown;
  $ref?: string;
  description?: string;
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

/** A document whose `definitions` hold every named type of the protocol, by name. */
export function jsonSchemaDocument(version: string): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'sidewarden',
    description: `Every type of the sidewarden protocol (sidewarden ${version}). Integers lie within ±(2^53 − 1) unless narrower bounds are given.`,
    definitions: namedTypes('#/definitions/'),
  };
}

/** Every named type, by name, in order; references to one another begin with `refPrefix`. */
export function namedTypes(refPrefix: string): Record<string, JsonSchema> {
  registerAll();
  const { schemas } = z.toJSONSchema(z.globalRegistry, { target: 'draft-7', io: 'input', uri: (id) => `${refPrefix}${id}` });
  const names = Object.keys(schemas).sort();
  return Object.fromEntries(names.map((name) => [name, portable(schemas[name] as JsonSchema)]));
}

/** Types register themselves when their module is loaded; those of the errors do when they are first asked for. */
function registerAll(): void {
  const kinds = Object.keys(errorCatalogue) as ErrorKind[];
  for (const kind of kinds) errorDataSchema(kind);
  for (const { name, params } of [
    ...Object.values(methods),
    ...Object.values(hostCalls),
    ...Object.values(clientNotifications),
    ...Object.values(serverNotifications),
  ]) {
    if (z.globalRegistry.get(params)?.id === undefined)
      throw new Error(`The params of ${name} have no name; define it with defineMethod, defineHostCall or defineNotification.`);
  }
}

/** What zod writes, without what only zod needs; a code generator turns each leftover into a worse type. */
function portable(schema: JsonSchema): JsonSchema {
  const { $schema, $id, description, ...rest } = schema;
  if (Array.isArray(rest.allOf) && rest.allOf.length === 1 && Object.keys(rest).length === 1 && description === undefined) {
    return portable(rest.allOf[0] as JsonSchema);
  }
  const result: JsonSchema = description === undefined ? {} : { description };
  for (const [keyword, value] of Object.entries(rest)) {
    if (isNoise(keyword, value)) continue;
    result[keyword] = portableValue(keyword, value);
  }
  return result;
}

function isNoise(keyword: string, value: unknown): boolean {
  // Undeclared bounds of z.int(): the document says them once.
  if (keyword === 'minimum') return value === Number.MIN_SAFE_INTEGER;
  if (keyword === 'maximum') return value === Number.MAX_SAFE_INTEGER;
  // Every member name is a string.
  return keyword === 'propertyNames' && JSON.stringify(value) === '{"type":"string"}';
}

function portableValue(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case 'properties':
      return Object.fromEntries(Object.entries(value as Record<string, JsonSchema>).map(([name, member]) => [name, portable(member)]));
    case 'allOf':
    case 'anyOf':
    case 'oneOf':
      return (value as JsonSchema[]).map(portable);
    case 'items':
    case 'propertyNames':
      return portable(value as JsonSchema);
    case 'additionalProperties':
      if (typeof value === 'boolean') return value;
      return Object.keys(value as JsonSchema).length === 0 ? true : portable(value as JsonSchema);
    default:
      return value;
  }
}
