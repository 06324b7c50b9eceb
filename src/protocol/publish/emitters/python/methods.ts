import type { Member, Method, Model, NamedType, Notification } from '../../model/model.ts';
import { annotation, docstring, imported, indented, module, optional, quoted, said, snake } from './text.ts';

type Flavour = 'blocking' | 'async';

/** The methods as members: `sidecar.port.find(5050)` is `port/find`. What belongs to the life cycle is the client's own affair. */
export function methodsFile(model: Model, flavour: Flavour): string {
  const nouns = Map.groupBy(
    model.methods.filter(({ path }) => path.length === 2),
    ({ path }) => path[0] as string,
  );
  const byName = new Map(model.types.map((type) => [type.name, type]));
  const about = {
    blocking: 'The methods of a sidecar, for threads: each waits for its answer.',
    async: 'The methods of a sidecar, for asyncio; each may be awaited on any loop.',
  };
  const body = [
    `if TYPE_CHECKING:\n    from . import types as t`,
    docAbout(flavour),
    ...[...nouns].map(([noun, methods]) => nounClass(noun, methods, byName, flavour)),
    allNouns([...nouns.keys()], flavour),
    listening(model.notifications, flavour),
  ];
  return module(about[flavour], imported('typing', typing, body.join('\n')), ...body);
}

const typing = 'TYPE_CHECKING Any Awaitable Callable Dict List Literal Optional Union cast overload'.split(' ');

const docAbout = (flavour: Flavour) =>
  `# (method, what is always sent, what is sent unless it is None, timeout in seconds) -> the answer\nCall = Callable[[str, Dict[str, Any], Dict[str, Any], Optional[float]], ${flavour === 'async' ? 'Awaitable[Any]' : 'Any'}]`;

const classOf = (noun: string, flavour: Flavour) =>
  `${flavour === 'async' ? 'Async' : ''}${noun.charAt(0).toUpperCase()}${noun.slice(1)}Methods`;

function nounClass(noun: string, methods: Method[], types: Map<string, NamedType>, flavour: Flavour): string {
  const body = ['def __init__(self, call: Call) -> None:\n    self._call = call', ...methods.map((method) => verb(method, types, flavour))];
  return `class ${classOf(noun, flavour)}:\n${indented([docstring([`${noun}/…`]), ...body].join('\n\n'))}`;
}

function verb(method: Method, types: Map<string, NamedType>, flavour: Flavour): string {
  const { name, path, summary, description, params, result, errors } = method;
  const type = types.get(params);
  const members = type?.kind === 'struct' ? type.members : [];
  const required = members.filter((member) => member.required);
  const others = members.filter((member) => !member.required);
  if (members.some((member) => snake(member.name) === 'timeout')) throw new Error(`${name}: the clients have a \`timeout\` of their own.`);

  const signature = [
    'self',
    ...required.map((member) => `${snake(member.name)}: ${sent(member)}`),
    '*',
    ...others.map((member) => `${snake(member.name)}: ${optional(sent(member))} = None`),
    'timeout: Optional[float] = None',
  ];
  const isNothing = result.kind === 'null' || (result.kind === 'named' && isNull(types.get(result.name)));
  const answer = isNothing ? 'None' : annotation(result, { open: new Set(), prefix: 't.' });
  const call = `${flavour === 'async' ? 'await ' : ''}self._call(${quoted(name)}, ${dictionary(required)}, ${dictionary(others)}, timeout)`;
  const own = errors.filter((kind) => !unsaid.includes(kind));
  const about = docstring([summary, description], {
    Args: [...members.map(argument), 'timeout: Seconds, after which the request is cancelled and CallTimeout raised.'],
    Raises: own.length === 0 ? [] : [own.join(', ')],
  });
  return [
    `${flavour === 'async' ? 'async ' : ''}def ${snake(path[1] as string)}(\n${signature.map((one) => `    ${one},`).join('\n')}\n) -> ${answer}:`,
    indented(about),
    `    ${isNothing ? call : `return cast(${quoted(answer)}, ${call})`}`,
  ].join('\n');
}

const isNull = (type: NamedType | undefined) => type?.kind === 'alias' && type.type.kind === 'null';

const sent = ({ type }: Member) => annotation(type, { open: new Set(), prefix: 't.' });

const dictionary = (members: Member[]) => `{${members.map(({ name }) => `${quoted(name)}: ${snake(name)}`).join(', ')}}`;

function argument({ name, description, default: byDefault }: Member): string {
  const about = said(description, byDefault);
  return `${snake(name)}:${about === undefined ? '' : ` ${about}`}`;
}

/** What any call may raise. */
const unsaid = ['InvalidRequest', 'InvalidParams', 'InternalError', 'NotInitialized', 'RequestCancelled', 'Overloaded'];

function allNouns(nouns: string[], flavour: Flavour): string {
  const inits = nouns.map((noun) => `self.${snake(noun)} = ${classOf(noun, flavour)}(call)`);
  return `class ${flavour === 'async' ? 'Async' : ''}Nouns:\n    def __init__(self, call: Call) -> None:\n${indented(indented(inits.join('\n')))}`;
}

/** `on()` with one overload a notification: an event goes by its topic, all others by their whole name. */
function listening(notifications: Notification[], flavour: Flavour): string {
  if (flavour === 'async') return '';
  const received = notifications.filter(({ direction }) => direction === 'received');
  const overloads = received.map(
    ({ name, path, params }) =>
      `@overload\ndef on(self, event: Literal[${quoted(path[0] === 'event' ? (path[1] as string) : name)}], listener: Callable[[t.${params}], object]) -> Callable[[], None]: ...`,
  );
  const body = `${overloads.join('\n\n')}\n\ndef on(self, event: str, listener: Callable[[Any], object]) -> Callable[[], None]:
    """Calls \`listener\` for each such notification, in order, beside what else it may be awaited by.

    An event is named by its topic; subscribe only after this. Answers the function that ends it.
    """
    return self._listen(event, listener)

def _listen(self, event: str, listener: Callable[[Any], object]) -> Callable[[], None]:
    raise NotImplementedError`;
  return `class Listening:\n${indented(body)}`;
}
