import type { Log } from '../../log.ts';
import type { Params } from '../../protocol/methods/index.ts';
import { withoutCredentials, withoutPasswords } from './redaction.ts';

/** Longer texts are cut, so that one line cannot push all others out of a log that is bounded. */
const mostCharacters = 32_768;

/** Writes what a host reports into our log, under `host`, apart from what is ours. */
export function createRecordHostError(log: Log) {
  return function recordHostError(connectionId: string, { name, message, stack, context }: Params<'log/error'>): void {
    const host = {
      ...(name !== undefined && { name: shorten(name) }),
      message: shorten(withoutPasswords(message)),
      ...(stack !== undefined && { stack: shorten(withoutPasswords(stack)) }),
      ...(context !== undefined && { context: bounded(withoutCredentials(context)) }),
    };
    log.error({ connectionId, host }, 'the host reports an error');
  };
}

export type RecordHostError = ReturnType<typeof createRecordHostError>;

function bounded(context: unknown): unknown {
  const text = JSON.stringify(context);
  return text.length <= mostCharacters ? context : shorten(text);
}

function shorten(text: string): string {
  const more = text.length - mostCharacters;
  return more <= 0 ? text : `${text.slice(0, mostCharacters).toWellFormed()}… (${more} more characters)`;
}
