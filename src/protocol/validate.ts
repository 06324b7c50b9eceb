import * as z from 'zod/mini';

/* The gate’s two questions: are these params what the method takes, and is this result what it promises? */

z.config(z.locales.en());

export interface Issue {
  /** Members joined by dots, `target.pid`; empty for the whole. */
  path: string;
  message: string;
}

export type Validation<Value> = { ok: true; value: Value } | { ok: false; issues: Issue[] };

/**
 * What a host sent: a null member counts as absent and unknown members are ignored, unless the type they stand
 * in is strict, as guards are; there both are issues, at any depth.
 */
export function validateParams(schema: z.ZodMiniType, raw: unknown): Validation<unknown> {
  const issues: Issue[] = [];
  const cleaned = clean(schema, raw, { strict: false, path: '', issues });
  const validation = check(schema, cleaned);
  if (issues.length === 0) return validation;
  return {
    ok: false,
    issues: validation.ok ? issues : [...issues, ...validation.issues.filter(({ message }) => !message.startsWith('Unrecognized key'))],
  };
}

/** What we are about to answer: a mismatch is a bug of ours. Members that the type does not know are left out. */
export function validateResult(schema: z.ZodMiniType, value: unknown): Validation<unknown> {
  return check(schema, value);
}

function check(schema: z.ZodMiniType, value: unknown): Validation<unknown> {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return { ok: true, value: parsed.data };
  return { ok: false, issues: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })) };
}

interface Place {
  strict: boolean;
  path: string;
  issues: Issue[];
}

function clean(schema: z.core.$ZodType, value: unknown, place: Place): unknown {
  if (value === null || typeof value !== 'object') return value;
  const def = schema._zod.def as z.core.$ZodTypes['_zod']['def'];
  switch (def.type) {
    case 'optional':
    case 'nullable':
      return clean(def.innerType, value, place);
    case 'array':
      return Array.isArray(value) ? value.map((element, index) => clean(def.element, element, below(place, String(index)))) : value;
    case 'union': {
      const option = matchingOption(def, value);
      return option ? clean(option, value, place) : value;
    }
    case 'object':
      return Array.isArray(value) ? value : cleanObject(def, value as Record<string, unknown>, place);
    default:
      return value;
  }
}

function cleanObject(def: z.core.$ZodObjectDef, value: Record<string, unknown>, place: Place): Record<string, unknown> {
  const strict = place.strict || def.catchall?._zod.def.type === 'never';
  const cleaned: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    const inner = below({ ...place, strict }, key);
    const schema = Object.hasOwn(def.shape, key) ? def.shape[key] : undefined;
    if (schema === undefined) {
      if (strict)
        place.issues.push({
          path: inner.path,
          message: 'Unknown member; this type takes none, so that a misspelt guard cannot widen an act',
        });
    } else if (member !== null || strict || acceptsNull(schema)) {
      cleaned[key] = clean(schema, member, inner);
    }
  }
  return cleaned;
}

function below(place: Place, key: string): Place {
  return { ...place, path: place.path === '' ? key : `${place.path}.${key}` };
}

function acceptsNull(schema: z.core.$ZodType): boolean {
  const def = schema._zod.def as z.core.$ZodTypes['_zod']['def'];
  if (def.type === 'optional') return acceptsNull(def.innerType);
  return def.type === 'nullable' || def.type === 'null' || def.type === 'unknown' || def.type === 'any';
}

function matchingOption(def: z.core.$ZodUnionDef, value: object): z.core.$ZodType | undefined {
  const kind = (value as { kind?: unknown }).kind;
  return def.options.find((option) => {
    const optionDef = option._zod.def as z.core.$ZodTypes['_zod']['def'];
    const tag =
      optionDef.type === 'object' ? (optionDef.shape['kind']?._zod.def as z.core.$ZodTypes['_zod']['def'] | undefined) : undefined;
    return tag?.type === 'literal' && tag.values.includes(kind as never);
  });
}
