import * as z from 'zod/mini';

/*
 * Portable shapes only: no transforms, dates, regex flags or recursion, because they vanish or fail on the
 * way to JSON Schema. Defaults are documented with `meta` and applied by the handlers, so that a type is the
 * same for reading and for writing.
 */

/** A named object: unknown members are ignored, and the name is its key in the published schemas. */
export function struct<const Shape extends z.core.$ZodLooseShape>(id: string, description: string, shape: Shape) {
  return z.object(shape).register(z.globalRegistry, { id, description });
}

/** Like `struct`, but an unknown member is an error: for guards, where a misspelling must not widen an act. */
export function strictStruct<const Shape extends z.core.$ZodLooseShape>(id: string, description: string, shape: Shape) {
  return z.strictObject(shape).register(z.globalRegistry, { id, description });
}

/** Gives a schema its sentence, and anything else JSON Schema may carry (`default`, `examples`). */
export function doc<Schema extends z.core.$ZodType>(schema: Schema, description: string, extra: Record<string, unknown> = {}): Schema {
  // A shared type keeps its own sentence: what is said here is about one use of it. Copying the others as well would
  // cost every start some milliseconds.
  const own = z.globalRegistry.has(schema) ? z.clone(schema) : schema;
  z.globalRegistry.add(own, { description, ...extra });
  return own;
}

function named<Schema extends z.core.$ZodType>(id: string, description: string, schema: Schema): Schema {
  z.globalRegistry.add(schema, { id, description });
  return schema;
}

export const Port = named('Port', 'A TCP or UDP port number.', z.int().check(z.gte(1), z.lte(65_535)));

export const Protocol = named('Protocol', 'The transport protocol of a socket.', z.enum(['tcp', 'udp']));
export type Protocol = z.infer<typeof Protocol>;

export const Pid = named(
  'Pid',
  'A process id, as the sidecar’s own pid namespace counts it.',
  z.int().check(z.gte(0), z.lte(4_294_967_295)),
);

export const Timestamp = named('Timestamp', 'Milliseconds since 1970-01-01T00:00:00Z, by the wall clock.', z.int().check(z.gte(0)));

export const Duration = named('Duration', 'A length of time in milliseconds, by the monotonic clock.', z.int().check(z.gte(0)));

export const Bytes = named('Bytes', 'A size in bytes.', z.int().check(z.gte(0)));

export const Text = named('Text', 'Text of well-formed Unicode.', z.string());

/** appId, lock names, registration names and keys. */
export const Name = named('Name', 'A name of 1 to 200 characters.', z.string().check(z.minLength(1), z.maxLength(200)));

export const Cursor = named(
  'Cursor',
  'Where the next page begins; opaque, from `nextCursor`.',
  z.string().check(z.minLength(1), z.maxLength(1_000)),
);

/** How a port of a service stands in its arguments, variables and probes. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: hosts write it like this.
export const portPlaceholder = '`${port:NAME}`';

/** The parameters of a method that has none; unknown members are ignored. */
export const nothing = {} as const;
