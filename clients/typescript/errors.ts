import type { ErrorDataByKind, ErrorKind } from './generated/types.ts';

/**
 * What only a client can say:
 * - `Disconnected`: there is no sidecar to answer. It could not be started, has ended, or broke the protocol. Whether what
 *   was asked has been done is unknown.
 * - `InstanceLost`: the sidecar was restarted, and the lock could not be had again.
 */
export type LocalErrorKind = 'Disconnected' | 'InstanceLost';

export type AnyErrorKind = ErrorKind | LocalErrorKind;

/** A request that failed: branch on `kind`, show `message` to people. */
export class SidecarError extends Error {
  /** What METHODS.md lists, `Disconnected`, `InstanceLost`, or what a newer sidecar has learnt. */
  readonly kind: AnyErrorKind | (string & Record<never, never>);
  /** The JSON-RPC code; null where it was not the sidecar that said so. */
  readonly code: number | null;
  /** What METHODS.md lists for the kind. */
  readonly data: Record<string, unknown>;

  constructor(
    kind: string,
    message: string,
    { code = null, data = {}, cause }: { code?: number | null; data?: object; cause?: unknown } = {},
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SidecarError';
    this.kind = kind;
    this.code = code;
    this.data = data as Record<string, unknown>;
  }
}

/** Whether this is an error of that kind; its `data` is typed then. */
export function isSidecarError<Kind extends AnyErrorKind>(
  error: unknown,
  kind: Kind,
): error is SidecarError & { kind: Kind; data: Kind extends ErrorKind ? ErrorDataByKind[Kind] : Record<string, unknown> } {
  return error instanceof SidecarError && error.kind === kind;
}

export const disconnected = (message: string, cause?: unknown) => new SidecarError('Disconnected', message, { cause });

export const cancelledUnsent = (method: string) =>
  new SidecarError('RequestCancelled', `${method} was cancelled before it was sent.`, { code: -32800, data: { kind: 'RequestCancelled' } });

export const timedOut = (method: string, timeoutMs: number) =>
  new SidecarError('TimedOut', `${method} was not answered within ${timeoutMs} ms; if it was sent, the sidecar was asked to cancel it.`, {
    data: { kind: 'TimedOut' },
  });

export const unknownHostCall = (method: string) =>
  new SidecarError('MethodNotFound', `This client does not answer ${method}.`, { code: -32601, data: { kind: 'MethodNotFound' } });
