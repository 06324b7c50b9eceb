import type { Log } from '../../log.ts';
import type { Params } from '../../protocol/methods/index.ts';
import { withoutCredentials, withoutPasswords } from './redaction.ts';

/** Longer texts are cut, so that one line cannot push all others out of a log that is bounded. */
const mostCharacters = 32_768;
/** What is looked through for credentials, which takes time; the rest of a longer text is cut before. */
const mostRead = 8 * mostCharacters;

/** Writes what a host reports into our log, under `host`, apart from what is ours. */
export function createRecordHostError(log: Log) {
  return function recordHostError(connectionId: string, { name, message, stack, context }: Params<'log/error'>): void {
    const host = {
      ...(name !== undefined && { name: tidy(name) }),
      message: tidy(message),
      ...(stack !== undefined && { stack: tidy(stack) }),
      ...(context !== undefined && { context: tidyContext(context) }),
    };
    log.error({ connectionId, host }, 'the host reports an error');
  };
}

export type RecordHostError = ReturnType<typeof createRecordHostError>;

function tidyContext(context: Record<string, unknown>): unknown {
  const { length } = JSON.stringify(context);
  // Cut in the middle it could not be told any more which member is whose.
  if (length > mostRead) return `left out: ${length} characters`;
  const tidied = withoutCredentials(context);
  const text = JSON.stringify(tidied);
  return text.length <= mostCharacters ? tidied : shorten(text);
}

function tidy(text: string): string {
  return shorten(withoutPasswords(text.slice(0, mostRead)), text.length);
}

function shorten(text: string, wholeLength = text.length): string {
  if (text.length <= mostCharacters && wholeLength <= mostRead) return text;
  return `${text.slice(0, mostCharacters).toWellFormed()}… (of ${wholeLength} characters)`;
}
