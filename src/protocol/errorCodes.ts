/*
 * The numbers of the error kinds, here and nowhere else. Positive ones are ours and never reused; negative ones are
 * JSON-RPC’s and LSP’s.
 */
export const errorCodes = {
  ParseError: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  InternalError: -32603,
  NotInitialized: -32002,
  RequestCancelled: -32800,
  NotFound: 1001,
  PermissionDenied: 1002,
  TimedOut: 1003,
  Conflict: 1004,
  IdentityMismatch: 1005,
  Protected: 1006,
  InvalidState: 1007,
  SpawnFailed: 1008,
  Unsupported: 1009,
  LimitExceeded: 1010,
  Overloaded: 1011,
  VersionUnsupported: 1012,
  ShuttingDown: 1014,
} as const;
