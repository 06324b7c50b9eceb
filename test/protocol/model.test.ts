import { describe, expect, test } from 'vitest';
import type { Model, NamedType, Type } from '../../src/protocol/publish/model/model.ts';
import { modelOf, type OpenrpcDocument } from '../../src/protocol/publish/model/modelOf.ts';
import { openrpcDocument } from '../../src/protocol/publish/openrpc.ts';

/* The intermediate form from which every client's types and methods are made. */

const model = modelOf(openrpcDocument('1.2.3') as unknown as OpenrpcDocument);

describe('the whole protocol', () => {
  const byName = new Map(model.types.map((type) => [type.name, type]));

  test('names every type once, in order, and nothing that it does not hold', () => {
    const names = model.types.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)].sort());
    expect(names.filter((name) => !/^[A-Z][A-Za-z0-9]*$/.test(name))).toEqual([]);
    expect(referencesOf(model).filter((name) => !byName.has(name))).toEqual([]);
  });

  test('says of every type which way it travels', () => {
    expect(model.types.filter(({ sent, received }) => !sent && !received)).toEqual([]);
    expect(byName.get('PortFindParams')).toMatchObject({ sent: true, received: false });
    expect(byName.get('PortEntry')).toMatchObject({ sent: false, received: true });
    expect(byName.get('Protocol')).toMatchObject({ sent: true, received: true });
    expect(byName.get('NotFoundData')).toMatchObject({ sent: false, received: true });
  });

  test('has methods whose params are structs, and errors that it knows', () => {
    const kinds = model.errors.map(({ kind }) => kind);
    for (const { name, params, errors, lane } of model.methods) {
      expect(byName.get(params)?.kind, name).toBe('struct');
      expect(lane, name).toBeDefined();
      expect(errors.filter((kind) => !kinds.includes(kind))).toEqual([]);
    }
    expect(model.methods.find(({ name }) => name === 'port/find')).toMatchObject({ path: ['port', 'find'], lane: 'look' });
  });

  test('keeps what a language needs: tags, null, maps, bounds, defaults, strictness, names for what stands inline', () => {
    expect(byName.get('KillTarget')).toMatchObject({
      kind: 'union',
      tag: 'kind',
      variants: [
        { value: 'process', type: 'KillProcess' },
        { value: 'group', type: 'KillGroup' },
        { value: 'owner', type: 'KillOwner' },
      ],
    });
    expect(memberOf('ProcessInfo', 'cwd').type).toEqual({ kind: 'nullable', of: { kind: 'named', name: 'Text' } });
    expect(memberOf('SpawnFailedData', 'cwd').type).toEqual({ kind: 'nullable', of: { kind: 'string' } });
    expect(memberOf('ServiceSpec', 'env')).toMatchObject({ type: { kind: 'map', values: { kind: 'nullable' } }, required: false });
    expect(memberOf('EventsSubscribeParams', 'intervalMs')).toMatchObject({ type: { minimum: 250 }, default: 1_000 });
    expect(memberOf('PortEntry', 'state').type).toEqual({ kind: 'named', name: 'PortEntryState' });
    expect(byName.get('PortEntryState')).toMatchObject({ kind: 'enum', values: ['listen', 'bound'] });
    expect([byName.get('ServiceSpec'), byName.get('PortFindParams')]).toMatchObject([{ strict: true }, { strict: false }]);
  });

  function memberOf(struct: string, name: string) {
    const type = byName.get(struct);
    const member = type?.kind === 'struct' ? type.members.find((one) => one.name === name) : undefined;
    if (member === undefined) throw new Error(`${struct} has no ${name}`);
    return member;
  }
});

describe('a document', () => {
  const text = { type: 'string' };
  const document = (schemas: object, methods: object[] = []) =>
    ({ info: { version: '0' }, methods, components: { schemas, errors: {} } }) as unknown as OpenrpcDocument;

  test('with a request from the sidecar has a host call, whose params are received and whose result is sent', () => {
    const { hostCalls, methods, types } = modelOf(
      document({ AskParams: { type: 'object', properties: { name: text } }, AskResult: { type: 'null' } }, [
        {
          name: 'host/ask',
          summary: 'Asks.',
          'x-direction': 'serverToClient',
          'x-params': 'AskParams',
          result: { schema: { $ref: '#/components/schemas/AskResult' } },
          examples: [{ name: 'one', params: [{ name: 'name', value: 'n' }], result: { value: null } }],
        },
      ]),
    );
    expect(methods).toEqual([]);
    expect(hostCalls).toMatchObject([{ name: 'host/ask', path: ['host', 'ask'], examples: [{ params: { name: 'n' }, result: null }] }]);
    expect(types).toMatchObject([
      { name: 'AskParams', sent: false, received: true },
      { name: 'AskResult', sent: true, received: false },
    ]);
  });

  test.each([
    ['a choice without a tag', { One: { anyOf: [{ type: 'object', properties: {} }, text] } }, 'needs a tag'],
    ['a variant without a name', { One: { oneOf: [{ type: 'object', properties: { kind: { const: 'a' } } }] } }, 'literal `kind`'],
    ['a type that clients have no word for', { One: { type: 'tuple' } }, 'no type tuple'],
    [
      'two types of one name',
      { One: { type: 'object', properties: { two: { enum: ['a'] } } }, OneTwo: text },
      'Two types would be called OneTwo',
    ],
  ])('with %s is refused', (_, schemas, message) => {
    expect(() => modelOf(document(schemas))).toThrow(message);
  });
});

function referencesOf({ types, methods, hostCalls, notifications, errors }: Model): string[] {
  return [
    ...types.flatMap(typesOf).flatMap(namesIn),
    ...[...methods, ...hostCalls].flatMap(({ params, result }) => [params, ...namesIn(result)]),
    ...notifications.map(({ params }) => params),
    ...errors.map(({ data }) => data),
  ];
}

function typesOf(type: NamedType): Type[] {
  if (type.kind === 'struct') return type.members.map((member) => member.type);
  if (type.kind === 'union') return type.variants.map(({ type: name }) => ({ kind: 'named', name }));
  return type.kind === 'alias' ? [type.type] : [];
}

function namesIn(type: Type): string[] {
  if (type.kind === 'named') return [type.name];
  if (type.kind === 'array') return namesIn(type.items);
  if (type.kind === 'map') return namesIn(type.values);
  return type.kind === 'nullable' ? namesIn(type.of) : [];
}
