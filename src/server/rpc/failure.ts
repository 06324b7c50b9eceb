import { ResponseError } from 'vscode-jsonrpc/node';
import type { Log } from '../../log.ts';
import { errorCodes } from '../../protocol/errorCodes.ts';
import { type Failure, SidewardenError } from '../../protocol/errors.ts';

/** An error as it goes over the wire. */
export interface WireError {
  code: number;
  message: string;
  data: { kind: string } & Record<string, unknown>;
}

/** The only place where a kind becomes a number. */
export function wireError({ kind, message, data }: Failure): WireError {
  return { code: errorCodes[kind], message, data: { kind, ...data } };
}

/** The funnel for whatever was thrown: ours goes as it is; a bug becomes an InternalError whose details only the log has. */
export function failureOf(thrown: unknown, log: Log, method: string): Failure {
  if (thrown instanceof SidewardenError) return thrown.failure;
  const ref = crypto.randomUUID();
  log.error({ ref, method, err: thrown }, 'unexpected failure');
  return {
    kind: 'InternalError',
    message: `Something went wrong inside the sidecar; its log has the details under ${ref}.`,
    data: { ref },
  };
}

/** What vscode-jsonrpc expects to be thrown. */
export function responseError(failure: Failure): ResponseError<unknown> {
  const { code, message, data } = wireError(failure);
  return new ResponseError(code, message, data);
}
