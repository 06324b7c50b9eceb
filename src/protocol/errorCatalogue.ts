import * as z from 'zod/mini';
import { Duration, Name } from './types/primitives.ts';

/*
 * The whole error catalogue: what clients branch on is `error.data.kind`; the numbers stand here and nowhere
 * else. Positive codes are ours and never reused; negative ones are JSON-RPC's and LSP's.
 */
export const errorCatalogue = {
  ParseError: { code: -32700, summary: 'The bytes are not a JSON-RPC message.', data: { reason: z.string() } },
  InvalidRequest: { code: -32600, summary: 'The message is JSON, but not a request that may be made now.', data: { reason: z.string() } },
  MethodNotFound: { code: -32601, summary: 'This sidecar has no such method.', data: {} },
  InvalidParams: {
    code: -32602,
    summary: 'The parameters are wrong; each issue names the member.',
    data: { issues: z.array(z.object({ path: z.string(), message: z.string() })) },
  },
  InternalError: { code: -32603, summary: 'A fault in the sidecar; its log has the details under `ref`.', data: { ref: z.string() } },
  NotInitialized: { code: -32002, summary: '`initialize` must come first.', data: {} },
  RequestCancelled: { code: -32800, summary: 'The request was cancelled and nothing was done.', data: {} },
  NotFound: { code: 1001, summary: 'What the request names does not exist.', data: { what: z.string() } },
  PermissionDenied: { code: 1002, summary: 'The system does not let this user do that.', data: { operation: z.string() } },
  TimedOut: { code: 1003, summary: 'It took longer than allowed.', data: {} },
  Conflict: { code: 1004, summary: 'Something else stands in the way.', data: {} },
  IdentityMismatch: {
    code: 1005,
    summary: 'The pid belongs to another process than the one meant.',
    data: { expected: z.string(), actual: z.string() },
  },
  Protected: { code: 1006, summary: 'This process is protected from the request.', data: { reason: z.string() } },
  InvalidState: { code: 1007, summary: 'Not possible in the present state.', data: { state: z.string(), allowed: z.array(z.string()) } },
  SpawnFailed: { code: 1008, summary: 'The command could not be started.', data: { errno: z.string(), command: z.string(), cwd: z.nullable(z.string()) } },
  Unsupported: { code: 1009, summary: 'This system, or this sidecar on it, cannot do that.', data: { capability: z.string(), platform: z.string() } },
  LimitExceeded: { code: 1010, summary: 'A limit told in `initialize` was passed.', data: { limit: Name, max: z.int() } },
  Overloaded: { code: 1011, summary: 'Too many requests are in flight; try again later.', data: { retryAfterMs: Duration } },
  VersionUnsupported: {
    code: 1012,
    summary: 'Client and server share no protocol version.',
    data: { server: z.object({ min: z.int(), max: z.int() }), client: z.object({ min: z.int(), max: z.int() }) },
  },
  ShuttingDown: { code: 1014, summary: 'The sidecar is shutting down and starts nothing new.', data: {} },
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
