import type { Model, Type } from '../../model/model.ts';
import { module, quoted } from './text.ts';

/** What the transport has to know of a method; loaded at once, so it holds names rather than types. */
export function tablesFile({ version, methods, hostCalls, notifications }: Model): string {
  return module(
    'What is known of each method and notification without its types.',
    'from typing import Dict, Optional',
    `VERSION = ${quoted(version)}`,
    '# How each request is counted: `life` never, `wait` in limits.waitsInFlight, all others in limits.requestsInFlight.',
    table(
      'LANES',
      'str',
      methods.map(({ name, lane }) => [name, quoted(lane ?? 'life')]),
    ),
    table(
      'RESULTS',
      'Optional[str]',
      methods.map(({ name, result }) => [name, nameOf(result)]),
    ),
    table(
      'HOST_CALL_PARAMS',
      'str',
      hostCalls.map(({ name, params }) => [name, quoted(params)]),
    ),
    table(
      'NOTIFICATION_PARAMS',
      'str',
      notifications.filter(({ direction }) => direction === 'received').map(({ name, params }) => [name, quoted(params)]),
    ),
  );
}

const table = (name: string, type: string, rows: [string, string][]) =>
  `${name}: Dict[str, ${type}] = {\n${rows.map(([key, value]) => `    ${quoted(key)}: ${value},`).join('\n')}\n}`;

const nameOf = (result: Type) => (result.kind === 'named' ? quoted(result.name) : 'None');
