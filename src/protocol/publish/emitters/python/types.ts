import type { Member, Model, NamedType } from '../../model/model.ts';
import { annotation, docstring, indented, module, optional, quoted, said, snake } from './text.ts';

/** One dataclass a struct; its annotations are all that the codec knows of it. */
export function typesFile({ types }: Model): string {
  const enums = new Set(types.filter(({ kind }) => kind === 'enum').map(({ name }) => name));
  // A name is looked up when its line runs: what others are made of comes first.
  const order = ['enum', 'scalar', 'struct', 'union', 'alias'];
  const rank = (type: NamedType) => order.indexOf(isScalar(type) ? 'scalar' : type.kind);
  const declarations = types.toSorted((one, other) => rank(one) - rank(other)).map((type) => declaration(type, enums));
  return module(
    'The types of the protocol. `…_ms` are milliseconds, `…_at` milliseconds since 1970, `…_bytes` bytes, `…_percent` percent of one core.',
    'from dataclasses import dataclass\nfrom typing import Any, Dict, List, Literal, Optional, Union',
    'from .._codec import Struct, UnknownKind',
    declarations.join('\n\n'),
  );
}

const isScalar = (type: NamedType) => type.kind === 'alias' && ['integer', 'number', 'string', 'boolean', 'any'].includes(type.type.kind);

function declaration(type: NamedType, enums: ReadonlySet<string>): string {
  const open = type.received ? enums : new Set<string>();
  const about = docstring([type.description]);
  switch (type.kind) {
    case 'alias':
      return beneath(`${type.name} = ${annotation(type.type, { open })}`, about);
    case 'enum':
      return beneath(`${type.name} = Literal[${type.values.map(quoted).join(', ')}]`, about);
    case 'union': {
      const variants = [...type.variants.map((variant) => variant.type), ...(type.received ? ['UnknownKind'] : [])];
      return beneath(`${type.name} = Union[${variants.join(', ')}]`, about);
    }
    case 'struct': {
      const body = type.members.toSorted((one, other) => memberRank(one) - memberRank(other)).map((member) => memberLine(member, open));
      return `@dataclass\nclass ${type.name}(Struct):\n${indented([about || '"""Has no members."""', ...body].join('\n'))}`;
    }
  }
}

/** A dataclass wants what has no default first; a tag has one, since there is only one value it could have. */
function memberRank({ required, type }: Member): number {
  if (!required) return 2;
  return type.kind === 'literal' ? 1 : 0;
}

function memberLine({ name, type, required, description, default: byDefault }: Member, open: ReadonlySet<string>): string {
  const expression = annotation(type, { open });
  const line = required
    ? `${snake(name)}: ${expression}${type.kind === 'literal' ? ` = ${quoted(type.value)}` : ''}`
    : `${snake(name)}: ${optional(expression)} = None`;
  return beneath(line, docstring([said(description, byDefault)]));
}

const beneath = (line: string, about: string) => (about === '' ? line : `${line}\n${about}`);
