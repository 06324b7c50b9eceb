/* Expectations and templates, as clients/conformance/README.md describes them. */

export type Captures = Map<string, unknown>;

/** Why `actual` is not what is expected, as a sentence with its place; null when it is. Binds captures as it goes. */
export function mismatch(expected: unknown, actual: unknown, captures: Captures, place = ''): string | null {
  const wrong = (what: string) => `${place === '' ? 'it' : place} is ${shown(actual)} instead of ${what}`;

  if (isCapture(expected)) {
    if (captures.has(expected)) return mismatch(captures.get(expected), actual, new Map(), place);
    if (actual === undefined) return wrong('anything at all');
    captures.set(expected, actual);
    return null;
  }
  const order = orderOf(expected);
  if (order?.name === '$absent') return actual === undefined ? null : wrong('absent');
  if (order?.name === '$type') return typeOf(actual) === order.argument ? null : wrong(`of type ${String(order.argument)}`);
  if (order !== null) return mismatch(fill(expected, captures), actual, captures, place);

  if (Array.isArray(expected)) {
    if (!Array.isArray(actual) || actual.length !== expected.length) return wrong(`a list of ${expected.length}`);
    return first(expected.map((element, index) => mismatch(element, actual[index], captures, `${place}[${index}]`)));
  }
  if (typeof expected === 'object' && expected !== null) {
    if (typeOf(actual) !== 'object') return wrong('an object');
    const members = actual as Record<string, unknown>;
    return first(
      Object.entries(expected).map(([name, member]) => mismatch(member, members[name], captures, place === '' ? name : `${place}.${name}`)),
    );
  }
  return Object.is(expected, actual) ? null : wrong(shown(expected));
}

/** A template with its captures and orders carried out. */
export function fill(template: unknown, captures: Captures): unknown {
  if (isCapture(template)) {
    if (!captures.has(template)) throw new Error(`${template} is used before anything was matched with it.`);
    return captures.get(template);
  }
  if (Array.isArray(template)) return template.map((element) => fill(element, captures));
  const order = orderOf(template);
  if (order?.name === '$repeat') {
    const [text, times] = order.argument as [string, number];
    return text.repeat(times);
  }
  if (order?.name === '$count') return Array.from({ length: order.argument as number }, (_, index) => index + 1);
  if (typeof template !== 'object' || template === null) return template;
  return Object.fromEntries(Object.entries(template).map(([name, member]) => [name, fill(member, captures)]));
}

const isCapture = (value: unknown): value is string => typeof value === 'string' && /^\$\w+$/.test(value);

const orders = ['$repeat', '$count', '$type', '$absent'];

function orderOf(value: unknown): { name: string; argument: unknown } | null {
  if (typeof value !== 'object' || value === null) return null;
  const [name, ...others] = Object.keys(value);
  if (name === undefined || others.length > 0 || !orders.includes(name)) return null;
  return { name, argument: (value as Record<string, unknown>)[name] };
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

const first = (findings: (string | null)[]): string | null => findings.find((finding) => finding !== null) ?? null;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 200 ? `${text.slice(0, 200)}… (${text.length} characters)` : text;
}
