import type { ErrorKind, Model, NamedType } from '../../model/model.ts';
import { annotation, docstring, imported, indented, module, quoted, snake } from './text.ts';

/** One exception a kind, with what its data holds as properties. */
export function errorsFile({ errors, types }: Model): string {
  const byName = new Map(types.map((type) => [type.name, type]));
  const body = [
    'if TYPE_CHECKING:\n    from . import types as t',
    ...errors.map((error) => errorClass(error, byName.get(error.data))),
    `BY_KIND: Dict[str, Type[SidecarError]] = {\n${errors.map(({ kind }) => `    ${quoted(kind)}: ${kind},`).join('\n')}\n}`,
    `__all__ = [\n${errors.map(({ kind }) => `    ${quoted(kind)},`).join('\n')}\n]`,
  ];
  return module(
    'The errors that a sidecar answers, one class a kind.',
    imported('typing', 'TYPE_CHECKING Any Dict List Optional Type Union cast'.split(' '), body.join('\n')),
    'from .._codec import decode_member\nfrom .._errors import SidecarError',
    ...body,
  );
}

function errorClass({ kind, code, summary, data }: ErrorKind, type: NamedType | undefined): string {
  const members = type?.kind === 'struct' ? type.members.filter(({ name }) => name !== 'kind') : [];
  const body = [
    docstring([summary]),
    `kind = ${quoted(kind)}\ncode = ${code}`,
    ...members.map((member) => {
      const expression = annotation(member.required ? member.type : { kind: 'nullable', of: member.type }, {
        open: new Set(),
        prefix: 't.',
      });
      const about = member.description === undefined ? '' : `    ${docstring([member.description])}\n`;
      return `@property\ndef ${snake(member.name)}(self) -> ${expression}:\n${about}    return cast(${quoted(expression)}, decode_member(${quoted(data)}, ${quoted(snake(member.name))}, self.data))`;
    }),
  ];
  return `class ${kind}(SidecarError):\n${indented(body.join('\n\n'))}`;
}
