import type { ErrorKind, Model, NamedType } from '../../model/model.ts';
import { annotation, docstring, indented, module, quoted, snake } from './text.ts';

/** One exception a kind, with what its data holds as properties. */
export function errorsFile({ errors, types }: Model): string {
  const byName = new Map(types.map((type) => [type.name, type]));
  return module(
    'The errors that a sidecar answers, one class a kind.',
    'from typing import TYPE_CHECKING, Any, Dict, List, Optional, Type, Union, cast',
    'from .._codec import decode_member\nfrom .._errors import SidecarError',
    'if TYPE_CHECKING:\n    from . import types as t',
    ...errors.map((error) => errorClass(error, byName.get(error.data))),
    `BY_KIND: Dict[str, Type[SidecarError]] = {\n${errors.map(({ kind }) => `    ${quoted(kind)}: ${kind},`).join('\n')}\n}`,
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
