import type { Model, NamedType, Type } from './model.ts';

/** Marks each type with the ways it travels: what is reachable from a request is sent, from an answer or event received. */
export function markDirections({ types, methods, hostCalls, notifications, errors }: Model): void {
  const byName = new Map(types.map((type) => [type.name, type]));

  for (const { params, result } of methods) {
    mark('sent', { kind: 'named', name: params });
    mark('received', result);
  }
  for (const { params, result } of hostCalls) {
    mark('received', { kind: 'named', name: params });
    mark('sent', result);
  }
  for (const { direction, params } of notifications) mark(direction, { kind: 'named', name: params });
  for (const { data } of errors) mark('received', { kind: 'named', name: data });

  function mark(way: 'sent' | 'received', type: Type): void {
    for (const name of namesIn(type)) {
      const named = byName.get(name);
      if (named === undefined) throw new Error(`${name} is used, but no such type is published.`);
      if (named[way]) continue;
      named[way] = true;
      for (const part of partsOf(named)) mark(way, part);
    }
  }
}

function partsOf(named: NamedType): Type[] {
  switch (named.kind) {
    case 'alias':
      return [named.type];
    case 'struct':
      return named.members.map(({ type }) => type);
    case 'union':
      return named.variants.map(({ type }) => ({ kind: 'named', name: type }));
    case 'enum':
      return [];
  }
}

function namesIn(type: Type): string[] {
  switch (type.kind) {
    case 'named':
      return [type.name];
    case 'array':
      return namesIn(type.items);
    case 'map':
      return namesIn(type.values);
    case 'nullable':
      return namesIn(type.of);
    default:
      return [];
  }
}
