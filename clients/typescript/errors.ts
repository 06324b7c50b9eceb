import type { ErrorKind } from '../../src/protocol/errors.ts';

/** The sidecar answered a request with an error: branch on `kind`, show `message` to people. */
export class SidecarError extends Error {
  readonly kind: ErrorKind;
  readonly code: number;
  /** What METHODS.md lists for the kind. */
  readonly data: Record<string, unknown>;

  constructor(kind: ErrorKind, code: number, message: string, data: Record<string, unknown> = {}) {
    super(message);
    this.name = 'SidecarError';
    this.kind = kind;
    this.code = code;
    this.data = data;
  }
}

/** There is no sidecar to answer: it could not be started, has ended, or broke the protocol. */
export class SidecarLost extends Error {
  override readonly name = 'SidecarLost';
}
