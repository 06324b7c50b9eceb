import type { Member, Method, Model, NamedType, Notification, Type } from '../model/model.ts';
import { type Emitter, notice } from './emitter.ts';

/** Types alone, but for one table of lanes: the client runs without zod, and its users compile without it. */
export const typescript: Emitter = {
  folder: 'clients/typescript/generated/',
  emit: (model) => ({ 'types.ts': typesFile(model), 'methods.ts': methodsFile(model) }),
};

const header = `// ${notice}`;

function typesFile({ types, errors }: Model): string {
  const enums = new Set(types.filter(({ kind }) => kind === 'enum').map(({ name }) => name));
  return joined([
    header,
    `${comment('A word that this client knows, or one that a newer sidecar has learnt since.')}export type Open<Known extends string> = Known | (string & Record<never, never>);`,
    ...types.map((type) => declaration(type, enums)),
    `${comment('What `error.data` holds, by its `kind`.')}export interface ErrorDataByKind ${block(
      errors.map(({ kind, summary, data }) => `${comment(summary)}${kind}: ${data};`),
    )}`,
    'export type ErrorKind = keyof ErrorDataByKind;',
  ]);
}

function declaration(type: NamedType, enums: Set<string>): string {
  const about = comment(type.description);
  const open = type.received ? enums : new Set<string>();
  switch (type.kind) {
    case 'alias':
      return `${about}export type ${type.name} = ${expression(type.type, open)};`;
    case 'enum':
      return `${about}export type ${type.name} = ${type.values.map(quoted).join(' | ')};`;
    case 'union':
      return `${about}export type ${type.name} = ${type.variants.map((variant) => variant.type).join(' | ')};`;
    case 'struct':
      if (type.members.length === 0) return `${about}export type ${type.name} = Record<never, never>;`;
      return `${about}export interface ${type.name} ${block(type.members.map((member) => memberLine(member, open)))}`;
  }
}

function memberLine({ name, type, required, description, default: byDefault }: Member, open: Set<string>): string {
  const about = [description, byDefault === undefined ? '' : `Default: \`${JSON.stringify(byDefault)}\`.`];
  return `${comment(...about)}${name}${required ? '' : '?'}: ${expression(type, open)}${required ? '' : ' | undefined'};`;
}

function expression(type: Type, open: Set<string>): string {
  switch (type.kind) {
    case 'named':
      return open.has(type.name) ? `Open<${type.name}>` : type.name;
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
    case 'null':
      return type.kind;
    case 'any':
      return 'unknown';
    case 'literal':
      return quoted(type.value);
    case 'array': {
      const items = expression(type.items, open);
      return /^\w+(\[\])*$/.test(items) ? `${items}[]` : `Array<${items}>`;
    }
    case 'map':
      return `Record<string, ${expression(type.values, open)}>`;
    case 'nullable':
      return `${expression(type.of, open)} | null`;
    case 'integerOrString':
      return 'number | string';
  }
}

function methodsFile({ types, methods, hostCalls, notifications }: Model): string {
  const takesNothing = new Set(
    types.filter((type) => type.kind === 'struct' && type.members.every(({ required }) => !required)).map(({ name }) => name),
  );
  const events = notifications.filter(({ direction, path }) => direction === 'received' && path[0] === 'event');
  return joined([
    header,
    `import type { CallOptions } from '../options.ts';\nimport type * as t from './types.ts';`,
    `${comment('Every request that a client may make, by its name on the wire.')}export interface Methods ${block(methods.map(signature))}`,
    `${comment('Every request that the sidecar may make of a client, by its name on the wire.')}export interface HostCalls ${block(hostCalls.map(signature))}`,
    `${comment('Every notification that the sidecar sends, by its name on the wire.')}export interface Notifications ${block(
      notifications
        .filter(({ direction }) => direction === 'received')
        .map(({ name, summary, params }) => `${comment(summary)}${quoted(name)}: t.${params};`),
    )}`,
    `${comment('The events that may be subscribed to, by topic.')}export interface Events ${block(events.map(eventLine))}`,
    ...[...byNoun(methods)].map(
      ([noun, verbs]) => `export interface ${interfaceOf(noun)} ${block(verbs.map((one) => verbLine(one, takesNothing)))}`,
    ),
    `${comment('The methods as members: `sidecar.port.find()` is `port/find`.')}export interface Nouns ${block(
      [...byNoun(methods).keys()].map((noun) => `readonly ${noun}: ${interfaceOf(noun)};`),
    )}`,
    `${comment('How each request is counted: `life` never, `wait` in limits.waitsInFlight, all others in limits.requestsInFlight.')}export const lanes = ${block(
      methods.map(({ name, lane }) => `${quoted(name)}: ${quoted(lane ?? 'life')},`),
    )} as const satisfies Record<keyof Methods, string>;`,
  ]);
}

const signature = ({ name, summary, params, result }: Method) =>
  `${comment(summary)}${quoted(name)}: { params: t.${params}; result: ${result.kind === 'named' ? `t.${result.name}` : expression(result, new Set())} };`;

const eventLine = ({ path, summary, params }: Notification) => `${comment(summary)}${path[1]}: t.${params};`;

/** What belongs to the life cycle has one word, and is the client's own affair. */
function byNoun(methods: Method[]): Map<string, Method[]> {
  return Map.groupBy(
    methods.filter(({ path }) => path.length === 2),
    ({ path }) => path[0] as string,
  );
}

const interfaceOf = (noun: string) => `${noun.charAt(0).toUpperCase()}${noun.slice(1)}Methods`;

function verbLine({ name, path, summary, description, params, errors }: Method, takesNothing: Set<string>): string {
  const own = errors.filter((kind) => !unsaid.includes(kind));
  const about = comment(summary, description, own.length === 0 ? '' : `Rejects with ${own.join(', ')}.`);
  const optional = takesNothing.has(params) ? '?' : '';
  return `${about}${path[1]}(params${optional}: t.${params}, options?: CallOptions): Promise<Methods[${quoted(name)}]['result']>;`;
}

/** What any call may reject with. */
const unsaid = ['InvalidRequest', 'InvalidParams', 'InternalError', 'NotInitialized', 'RequestCancelled', 'Overloaded'];

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** Sentences above a declaration; nothing where there are none. */
function comment(...sentences: (string | undefined)[]): string {
  const lines = sentences.filter((one) => one !== undefined && one !== '').map((one) => (one as string).replaceAll('*/', '*\\/'));
  if (lines.length === 0) return '';
  return lines.length === 1 ? `/** ${lines[0]} */\n` : `/**\n${lines.map((line) => ` * ${line}\n`).join('')} */\n`;
}

function block(lines: string[]): string {
  if (lines.length === 0) return '{}';
  return `{\n${lines.map((line) => line.replaceAll(/^/gm, '  ')).join('\n')}\n}`;
}

const joined = (parts: string[]) => `${parts.join('\n\n')}\n`;
