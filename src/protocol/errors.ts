import type * as z from 'zod/mini';
import type { errorCatalogue } from './errorCatalogue.ts';

/* How errors are made and carried. No schema is loaded here, so that pool threads, which only fail, need no zod. */

export type ErrorKind = keyof typeof errorCatalogue;

type DataShape<Kind extends ErrorKind> = (typeof errorCatalogue)[Kind]['data'];
export type ErrorData<Kind extends ErrorKind> = z.infer<z.ZodMiniObject<DataShape<Kind>>>;

/** What went wrong, as data: it crosses threads and processes where an Error would lose its class. */
export type Failure = { [Kind in ErrorKind]: { kind: Kind; message: string; data: ErrorData<Kind> } }[ErrorKind];

/** The one error class of sidewarden: a sentence for people, a `kind` and its data for code. */
export class SidewardenError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.name = failure.kind;
    this.failure = failure;
  }
}

/** Makes the error to throw: `throw fail('NotFound', 'No process has pid 7.', { what: 'process 7' })`. */
export function fail<Kind extends ErrorKind>(kind: Kind, message: string, data: ErrorData<Kind>, options?: ErrorOptions): SidewardenError {
  return new SidewardenError({ kind, message, data } as Failure, options);
}
