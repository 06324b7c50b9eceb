import { errorCatalogue } from '../errorCatalogue.ts';
import type { ErrorKind } from '../errors.ts';
import type { HostCallDefinition, MethodDefinition, NotificationDefinition } from '../method.ts';
import { publishedId } from '../method.ts';
import { clientNotifications, hostCalls, methods, serverNotifications } from '../methods/index.ts';
import { type JsonSchema, namedTypes } from './jsonSchema.ts';
import { errorsOf } from './openrpc.ts';

const prefix = '#/definitions/';

/** The reference page: every method, notification, error and type, in words and tables. */
export function markdownReference(): string {
  const types = namedTypes(prefix);
  const requests = Object.values(methods).map((method) => method as unknown as MethodDefinition);
  return `${[
    '# Methods',
    'Generated from `src/protocol` by `npm run generate`; do not edit by hand.',
    'A parameter marked with `?` may be left out. Integers lie within ±(2^53 − 1) unless narrower bounds are given.',
    '## Requests',
    methodTable((name) => `#${anchor(name)}`),
    ...requests.map((method) => methodSection(method, types)),
    '## Host calls',
    'Requests of the sidecar, which a host answers if it declared the capability at `initialize`.',
    ...Object.values(hostCalls).map((call) => hostCallSection(call as unknown as HostCallDefinition, types)),
    '## Notifications',
    notificationTable(types),
    '## Errors',
    '`error.data.kind` is what a client branches on.',
    errorTable(types),
    '## Types',
    ...Object.keys(types)
      .filter((name) => !/(Params|Result|Data)$/.test(name))
      .map((name) => typeSection(name, types[name] as JsonSchema)),
  ].join('\n\n')}\n`;
}

/** The table of all requests; `link` gives each its address. */
export function methodTable(link: (method: string) => string): string {
  const requests = Object.values(methods).map((method) => method as unknown as MethodDefinition);
  return table(
    ['method', 'what it does'],
    requests.map(({ name, summary }) => [`[\`${name}\`](${link(name)})`, summary]),
  );
}

/** The anchor that Markdown hosts give to a heading that holds a method's name alone. */
export const anchor = (method: string): string => method.toLowerCase().replace(/[^a-z0-9-]/g, '');

function notificationTable(types: Record<string, JsonSchema>): string {
  const row = (direction: string) => (definition: unknown) => {
    const { name, params, summary } = definition as NotificationDefinition;
    return [`\`${name}\``, direction, describeMembers(types[publishedId(params) as string] as JsonSchema), summary];
  };
  return table(
    ['notification', 'direction', 'members', 'what it says'],
    [...Object.values(clientNotifications).map(row('to the sidecar')), ...Object.values(serverNotifications).map(row('to the host'))],
  );
}

function methodSection(method: MethodDefinition, types: Record<string, JsonSchema>): string {
  const errors = `Errors: ${errorsOf(method)
    .map((kind) => `\`${kind}\``)
    .join(', ')}.`;
  return requestSection(method, types, [errors]);
}

const hostCallSection = (call: HostCallDefinition, types: Record<string, JsonSchema>): string => requestSection(call, types, []);

function requestSection(request: MethodDefinition | HostCallDefinition, types: Record<string, JsonSchema>, beside: string[]): string {
  const params = types[publishedId(request.params) as string] as JsonSchema;
  const resultId = publishedId(request.result) as string;
  const example = request.examples[0];
  return [
    `### ${request.name}`,
    [request.summary, request.description].filter(Boolean).join(' '),
    Object.keys(params.properties ?? {}).length === 0 ? 'Takes no parameters.' : memberTable('parameter', params),
    resultId === typeResultId(request)
      ? memberTable('result', types[resultId] as JsonSchema)
      : `Answers a [\`${resultId}\`](#${resultId.toLowerCase()}).`,
    ...beside,
    example === undefined
      ? ''
      : ['```json', `→ ${JSON.stringify(example.params)}`, `← ${JSON.stringify(example.result)}`, '```'].join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

const typeResultId = ({ params }: MethodDefinition | HostCallDefinition) => (publishedId(params) as string).replace(/Params$/, 'Result');

function typeSection(name: string, schema: JsonSchema): string {
  const body = schema.properties === undefined ? `${describeType(schema)}.` : memberTable('member', schema);
  return [`### ${name}`, schema.description ?? '', body].filter((part) => part !== '').join('\n\n');
}

function errorTable(types: Record<string, JsonSchema>): string {
  return table(
    ['kind', 'code', 'data beside `kind`', 'meaning'],
    (Object.keys(errorCatalogue) as ErrorKind[]).map((kind) => {
      const { kind: _, ...members } = (types[`${kind}Data`] as JsonSchema).properties ?? {};
      const data = Object.entries(members).map(([name, schema]) => `\`${name}\` ${describeType(schema)}`);
      return [`\`${kind}\``, String(errorCatalogue[kind].code), data.join(', '), errorCatalogue[kind].summary];
    }),
  );
}

function memberTable(heading: string, schema: JsonSchema): string {
  if (schema.properties === undefined) return `Answers ${describeType(schema)}.`;
  return table(
    [heading, 'type', 'meaning'],
    Object.entries(schema.properties).map(([name, member]) => [
      `\`${name}\`${isRequired(schema, name) ? '' : '?'}`,
      describeType(member),
      describeMeaning(member),
    ]),
  );
}

function describeMembers(schema: JsonSchema): string {
  return Object.keys(schema.properties ?? {})
    .map((name) => `\`${name}\`${isRequired(schema, name) ? '' : '?'}`)
    .join(', ');
}

const isRequired = (schema: JsonSchema, member: string) => (schema.required ?? []).includes(member);

function describeMeaning(schema: JsonSchema): string {
  const byDefault = schema.default === undefined ? '' : `Default: \`${JSON.stringify(schema.default)}\`.`;
  return [schema.description ?? '', byDefault].filter((part) => part !== '').join(' ');
}

/** A type in a few words: `Port`, `integer ≥ 1`, `ProcessInfo[] or null`. */
export function describeType(schema: JsonSchema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.slice(prefix.length);
    return `[${name}](#${name.toLowerCase()})`;
  }
  const alternatives = (schema.allOf ?? schema.anyOf ?? schema.oneOf) as JsonSchema[] | undefined;
  if (alternatives !== undefined) return alternatives.map(describeType).join(' or ');
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${value}\``).join(' or ');
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.type === 'array')
    return `${describeType((schema.items ?? {}) as JsonSchema)}[]${describeBounds(schema, 'minItems', 'maxItems')}`;
  if (schema.properties !== undefined) return `object with ${describeMembers(schema)}`;
  if (schema.type === 'string') return `string${describeBounds(schema, 'minLength', 'maxLength')}`;
  return `${schema.type ?? 'any JSON value'}${describeBounds(schema, 'minimum', 'maximum')}`;
}

function describeBounds(schema: JsonSchema, low: string, high: string): string {
  const from = schema[low];
  const to = schema[high];
  if (from !== undefined && to !== undefined) return ` (${from}–${to})`;
  if (from !== undefined) return ` (≥ ${from})`;
  return to === undefined ? '' : ` (≤ ${to})`;
}

function table(headings: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}
