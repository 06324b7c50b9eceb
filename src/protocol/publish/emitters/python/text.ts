import type { Type } from '../../model/model.ts';
import { notice } from '../emitter.ts';

/* What the files for Python have in common: names, type expressions, docstrings. */

/** `startedAt` → `started_at`, `from` → `from_`. The codec goes the other way, so the way back has to lead to the same name. */
export function snake(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const back = words.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  if (back !== name) throw new Error(`${name} is no name that Python can have: ${words} would lead back to ${back}.`);
  return keywords.has(words) ? `${words}_` : words;
}

const keywords = new Set(
  'False None True and as assert async await break class continue def del elif else except finally for from global if import in is lambda nonlocal not or pass raise return try while with yield'.split(
    ' ',
  ),
);

/** The annotation of a type. `open` are the enums that may hold words which this client does not know; `prefix` is where types live. */
export function annotation(type: Type, { open, prefix = '' }: { open: ReadonlySet<string>; prefix?: string }): string {
  const inner = (one: Type) => annotation(one, { open, prefix });
  switch (type.kind) {
    case 'named':
      return open.has(type.name) ? `Union[${prefix}${type.name}, str]` : `${prefix}${type.name}`;
    case 'integer':
      return 'int';
    case 'number':
      return 'float';
    case 'string':
      return 'str';
    case 'boolean':
      return 'bool';
    case 'null':
      return 'None';
    case 'any':
      return 'Any';
    case 'literal':
      return `Literal[${quoted(type.value)}]`;
    case 'array':
      return `List[${inner(type.items)}]`;
    case 'map':
      return `Dict[str, ${inner(type.values)}]`;
    case 'nullable':
      return `Optional[${inner(type.of)}]`;
    case 'integerOrString':
      return 'Union[int, str]';
  }
}

export function optional(expression: string): string {
  return expression === 'Any' || expression.startsWith('Optional[') ? expression : `Optional[${expression}]`;
}

export const quoted = (text: string) => JSON.stringify(text);

/** What a member is, with what the sidecar takes where it is absent. */
export function said(description: string | undefined, byDefault: unknown): string | undefined {
  if (byDefault === undefined) return description;
  return `${description === undefined ? '' : `${description} `}Default: ${JSON.stringify(byDefault)}.`;
}

/** A docstring: the first paragraph, then the others, then sections of `name: sentence` lines. Nothing where there is nothing to say. */
export function docstring(paragraphs: (string | undefined)[], sections: Record<string, string[]> = {}): string {
  const said = paragraphs.filter((one) => one !== undefined && one !== '') as string[];
  const blocks = [
    ...said.map((one) => wrapped(one)),
    ...Object.entries(sections)
      .filter(([, lines]) => lines.length > 0)
      .map(([title, lines]) => `${title}:\n${lines.map((line) => wrapped(line, '    ', '        ')).join('\n')}`),
  ];
  if (blocks.length === 0) return '';
  const text = blocks.join('\n\n').replaceAll('\\', '\\\\').replaceAll('"""', '\\"\\"\\"');
  return blocks.length === 1 && !text.includes('\n') ? `"""${text.endsWith('"') ? `${text} ` : text}"""` : `"""${text}\n"""`;
}

function wrapped(text: string, first = '', next = ''): string {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(/\s+/)) {
    if (line.trim() !== '' && line.length + word.length > widest) {
      lines.push(line.trimEnd());
      line = next;
    }
    line += `${word} `;
  }
  return [...lines, line.trimEnd()].join('\n');
}

const widest = 100;

/** Every line that has something on it, moved to the right. */
export function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '    ');
}

/** The import of those names that the rest of a file uses. */
export function imported(from: string, names: string[], rest: string): string {
  const used = names.filter((name) => new RegExp(`\\b${name}\\b`).test(rest));
  return used.length === 0 ? '' : `from ${from} import ${used.join(', ')}`;
}

export function module(about: string, ...parts: string[]): string {
  return `${[`# ${notice}\n"""${about}"""\n\nfrom __future__ import annotations`, ...parts.filter((part) => part !== '')].join('\n\n')}\n`;
}
