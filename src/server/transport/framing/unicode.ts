/*
 * JSON can escape half of a surrogate pair, JavaScript strings can hold one, and JSON.stringify writes it as
 * `\ud800`; the parsers of Rust, .NET and others refuse that. Only U+FFFD crosses the wire in its place.
 */

/** Whether the JSON text escapes surrogates at all, paired or not. Raw ones cannot be in valid UTF-8. */
export function hasSurrogateEscape(json: string): boolean {
  return surrogateEscape.test(json);
}
const surrogateEscape = /\\u[dD][89a-fA-F]/;

/** The same value, with U+FFFD for each lone surrogate in strings and member names. Copies only what changes. */
export function toWellFormed<Value>(value: Value): Value {
  return wellFormed(value) as Value;
}

function wellFormed(value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed();
  if (Array.isArray(value)) {
    const items = value.map(wellFormed);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value);
  const cleaned = members.map(([name, member]): [string, unknown] => [name.toWellFormed(), wellFormed(member)]);
  const isChanged = cleaned.some(([name, member], index) => name !== members[index]?.[0] || member !== members[index]?.[1]);
  // fromEntries defines members, where an assignment to `__proto__` would set the prototype.
  return isChanged ? Object.fromEntries(cleaned) : value;
}

/** JSON text with `\ufffd` for each lone surrogate that it escapes. */
export function toWellFormedJson(json: string): string {
  if (!json.includes('\\ud') && !json.includes('\\uD')) return json;
  return json.replace(escapes, (unit) => (loneSurrogate.test(unit) ? '\\ufffd' : unit));
}

// Pairs first, and every other escape too, so that the backslashes of `"C:\\udata"` are read as JSON reads them.
const escapes = /\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\./g;
const loneSurrogate = /^\\u[dD][89a-fA-F][0-9a-fA-F]{2}$/;
