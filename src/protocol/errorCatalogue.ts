import * as z from 'zod/mini';
import { errorCodes } from './errorCodes.ts';
import { Duration, Name, struct } from './types/primitives.ts';
import { ServiceStatus } from './types/service.ts';

/* The whole error catalogue: what clients branch on is `error.data.kind`. */
export const errorCatalogue = {
  ParseError: { code: errorCodes.ParseError, summary: 'The bytes are not a JSON-RPC message.', data: { reason: z.string() } },
  InvalidRequest: {
    code: errorCodes.InvalidRequest,
    summary: 'The message is JSON, but not a request that may be made now.',
    data: { reason: z.string() },
  },
  MethodNotFound: { code: errorCodes.MethodNotFound, summary: 'This sidecar has no such method.', data: {} },
  InvalidParams: {
    code: errorCodes.InvalidParams,
    summary: 'The parameters are wrong; each issue names the member.',
    data: { issues: z.array(struct('ParamIssue', 'What is wrong with one parameter.', { path: z.string(), message: z.string() })) },
  },
  InternalError: {
    code: errorCodes.InternalError,
    summary: 'A fault in the sidecar; its log has the details under `ref`.',
    data: { ref: z.string() },
  },
  NotInitialized: { code: errorCodes.NotInitialized, summary: '`initialize` must come first.', data: {} },
  RequestCancelled: { code: errorCodes.RequestCancelled, summary: 'The request was cancelled and nothing was done.', data: {} },
  NotFound: { code: errorCodes.NotFound, summary: 'What the request names does not exist.', data: { what: z.string() } },
  PermissionDenied: {
    code: errorCodes.PermissionDenied,
    summary: 'The system does not let this user do that.',
    data: { operation: z.string() },
  },
  TimedOut: {
    code: errorCodes.TimedOut,
    summary: 'It took longer than allowed.',
    data: { service: z.optional(ServiceStatus) },
  },
  Conflict: { code: errorCodes.Conflict, summary: 'Something else stands in the way.', data: {} },
  IdentityMismatch: {
    code: errorCodes.IdentityMismatch,
    summary: 'The pid belongs to another process than the one meant.',
    data: { expected: z.string(), actual: z.string() },
  },
  Protected: { code: errorCodes.Protected, summary: 'This process is protected from the request.', data: { reason: z.string() } },
  InvalidState: {
    code: errorCodes.InvalidState,
    summary: 'Not possible in the present state.',
    data: { state: z.string(), allowed: z.array(z.string()) },
  },
  SpawnFailed: {
    code: errorCodes.SpawnFailed,
    summary: 'The command could not be started.',
    data: { errno: z.string(), command: z.string(), cwd: z.nullable(z.string()) },
  },
  Unsupported: {
    code: errorCodes.Unsupported,
    summary: 'This system, or this sidecar on it, cannot do that.',
    data: { capability: z.string(), platform: z.string() },
  },
  LimitExceeded: {
    code: errorCodes.LimitExceeded,
    summary: 'A limit told in `initialize` was passed.',
    data: { limit: Name, max: z.int() },
  },
  Overloaded: {
    code: errorCodes.Overloaded,
    summary: 'Too many requests are in flight; try again later.',
    data: { retryAfterMs: Duration },
  },
  VersionUnsupported: {
    code: errorCodes.VersionUnsupported,
    summary: 'Client and server share no protocol version.',
    data: { server: z.object({ min: z.int(), max: z.int() }), client: z.object({ min: z.int(), max: z.int() }) },
  },
  ShuttingDown: { code: errorCodes.ShuttingDown, summary: 'The sidecar is shutting down and starts nothing new.', data: {} },
} as const satisfies Record<string, { code: number; summary: string; data: z.core.$ZodLooseShape }>;

/** The published form of an error's `data`, one named type a kind. */
export function errorDataSchema(kind: keyof typeof errorCatalogue): z.ZodMiniObject {
  const known = dataSchemas.get(kind);
  if (known) return known;
  const schema = z.object({ kind: z.literal(kind), ...errorCatalogue[kind].data });
  z.globalRegistry.add(schema, { id: `${kind}Data`, description: errorCatalogue[kind].summary });
  dataSchemas.set(kind, schema);
  return schema;
}
const dataSchemas = new Map<keyof typeof errorCatalogue, z.ZodMiniObject>();
