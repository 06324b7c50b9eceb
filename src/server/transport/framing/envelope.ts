import { isUtf8 } from 'node:buffer';
import type { Failure } from '../../../protocol/errors.ts';
import { limits } from '../limits.ts';
import { cutBelow, isDeeper } from './jsonDepth.ts';
import { hasSurrogateEscape, toWellFormed } from './unicode.ts';

export type MessageId = string | number;
export type Members = Record<string, unknown>;

/** What is wrong with an invalid message; `fail` in errors.ts turns it into an error. */
export type EnvelopeFailure = Extract<Failure, { kind: 'ParseError' | 'InvalidRequest' | 'InvalidParams' | 'LimitExceeded' }>;

/** `error.data.reason` of an invalid message, beside the `BrokenReason`s of the framing. */
export type EnvelopeReason =
  | 'invalidUtf8'
  | 'invalidJson'
  | 'batch'
  | 'notAnObject'
  | 'invalidId'
  | 'invalidVersion'
  | 'invalidMethod'
  | 'invalidParams'
  | 'invalidResponse';

/** A response as it came, without members of other names: only its shape was looked at. */
export type ResponseMessage = { jsonrpc: '2.0'; id: MessageId | null } & ({ result: unknown } | { error: ResponseError });

export interface ResponseError {
  code: number;
  message: string;
  data?: unknown;
}

/**
 * One body, classified.
 *
 * An invalid message says what it was meant to be, because only requests may be answered:
 * - `request`: answer with `id`, which is null where it cannot be known. This includes whatever cannot be told
 *   apart (bad JSON, batches, no method): JSON-RPC 2.0, section 5, answers these with a null id.
 * - `notification`: log only. It was one but for its params, and notifications are never answered.
 * - `response`: log only, or two peers would answer each other's answers for ever. If `id` is not null, the call
 *   that waits for it has failed.
 */
export type Envelope =
  | { kind: 'request'; id: MessageId; method: string; params: Members; bodyBytes: number }
  | { kind: 'notification'; method: string; params: Members; bodyBytes: number }
  | { kind: 'response'; message: ResponseMessage; bodyBytes: number }
  | { kind: 'invalid'; meant: 'request' | 'notification' | 'response'; id: MessageId | null; failure: EnvelopeFailure; bodyBytes: number };

/**
 * Reads one body as a JSON-RPC 2.0 message.
 *
 * Of two members with one name the last counts. Lone surrogates (`"\ud800"`) become U+FFFD, as in Go and in
 * every UTF-8 encoder of the web, except in an id, which must come back as it was. `__proto__` is a member like
 * any other. Numbers are doubles: the ids 1 and 1.0 are one, -0 is 0.
 */
export function parseEnvelope(body: Buffer, maxDepth: number = limits.jsonDepth): Envelope {
  const bodyBytes = body.length;
  if (!isUtf8(body)) return unreadable('invalidUtf8', 'The body is not valid UTF-8; send the JSON text in UTF-8.', bodyBytes);
  const text = withoutMark(body.toString('utf8'));
  const isTooDeep = isDeeper(text, maxDepth);
  const parsed = parseJson(isTooDeep ? cutBelow(text, envelopeDepth) : text);
  if ('problem' in parsed)
    return unreadable('invalidJson', `The body is not JSON (${parsed.problem}); send one JSON-RPC 2.0 message.`, bodyBytes);
  const envelope = classify(parsed.value, bodyBytes);
  if (isTooDeep) return tooDeep(envelope, maxDepth);
  return hasSurrogateEscape(text) ? withoutLoneSurrogates(envelope) : envelope;
}

/** The message and its params, result or error: what `classify` looks at. */
const envelopeDepth = 2;

function parseJson(text: string): { value: unknown } | { problem: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: withoutExcerpt((error as SyntaxError).message) };
  }
}

/** V8 quotes what it could not read (`"..ord: hunter2}" is not valid JSON`), and that may be a secret. */
function withoutExcerpt(problem: string): string {
  return (
    problem.replace(/^(Unexpected token '.+?'|[^"]*?),? ?(\.\.\.)?".*" is not valid JSON$/su, '$1').trim() ||
    'it begins with something else'
  );
}

function classify(message: unknown, bodyBytes: number): Envelope {
  if (Array.isArray(message))
    return refused(null, 'batch', 'Batches are not taken; send one message at a time, without waiting for answers if you like.', bodyBytes);
  if (!isMembers(message))
    return refused(null, 'notAnObject', 'A message is a JSON object with the members jsonrpc, id, method and params.', bodyBytes);
  // Serializers that write every member of a struct leave null where nothing is meant.
  const hasMethod = message.method !== undefined && message.method !== null;
  if (!hasMethod && (message.result !== undefined || message.error !== undefined)) return classifyResponse(message, bodyBytes);
  return classifyRequest(message, bodyBytes);
}

function classifyRequest(message: Members, bodyBytes: number): Envelope {
  const { method, params } = message;
  const isNotification = message.id === undefined;
  const id = readId(message.id);
  if (!isNotification && id === null) {
    return refused(
      null,
      'invalidId',
      'The id must be a string or an integer under 2^53; leave it out only to send a notification.',
      bodyBytes,
    );
  }
  if (message.jsonrpc !== '2.0') return refused(id, 'invalidVersion', 'The member jsonrpc must be "2.0".', bodyBytes);
  if (typeof method !== 'string')
    return refused(id, 'invalidMethod', 'The message is neither a request, whose method is a string, nor a response.', bodyBytes);
  if (Array.isArray(params) && params.length > 0) return positional(isNotification ? 'notification' : 'request', id, bodyBytes);
  if (!isStructured(params)) return refused(id, 'invalidParams', 'The params must be an object of named members, or left out.', bodyBytes);
  const members = isMembers(params) ? params : {};
  return id === null
    ? { kind: 'notification', method, params: members, bodyBytes }
    : { kind: 'request', id, method, params: members, bodyBytes };
}

function classifyResponse(message: Members, bodyBytes: number): Envelope {
  const { result } = message;
  const error = message.error ?? undefined;
  const id = readId(message.id);
  const problem = responseProblem(message, error);
  if (problem !== null) {
    return { kind: 'invalid', meant: 'response', id, failure: invalidRequest('invalidResponse', `The response ${problem}.`), bodyBytes };
  }
  const outcome = error === undefined ? { result } : { error: error as ResponseError };
  return { kind: 'response', message: { jsonrpc: '2.0', id, ...outcome }, bodyBytes };
}

function responseProblem(message: Members, error: unknown): string | null {
  const hasResult = message.result !== undefined && message.result !== null;
  if (message.jsonrpc !== '2.0') return 'lacks "jsonrpc": "2.0"';
  if (message.id !== null && readId(message.id) === null) return 'has an id that no request of ours had';
  if (error === undefined) return message.result === undefined ? 'has neither result nor error' : null;
  if (hasResult) return 'has both result and error';
  const isError = isMembers(error) && Number.isSafeInteger(error.code) && typeof error.message === 'string';
  return isError ? null : 'has an error without an integer code and a message';
}

/** Null for whatever is no id. */
function readId(id: unknown): MessageId | null {
  if (typeof id === 'string') return id.isWellFormed() ? id : null;
  if (!Number.isSafeInteger(id)) return null;
  return (id as number) === 0 ? 0 : (id as number);
}

function positional(meant: 'request' | 'notification', id: MessageId | null, bodyBytes: number): Envelope {
  const issues = [{ path: '', message: 'expected an object of named members, got an array' }];
  const failure: EnvelopeFailure = {
    kind: 'InvalidParams',
    message: 'Params go by name here, not by position; send an object.',
    data: { issues },
  };
  return { kind: 'invalid', meant, id, failure, bodyBytes };
}

function tooDeep(envelope: Envelope, max: number): Envelope {
  if (envelope.kind === 'invalid') return envelope;
  const message = `The message nests objects and arrays more than ${max} deep.`;
  const failure: EnvelopeFailure = { kind: 'LimitExceeded', message, data: { limit: 'jsonDepth', max } };
  return { kind: 'invalid', meant: envelope.kind, id: idOf(envelope), failure, bodyBytes: envelope.bodyBytes };
}

function idOf(envelope: Exclude<Envelope, { kind: 'invalid' }>): MessageId | null {
  switch (envelope.kind) {
    case 'request':
      return envelope.id;
    case 'response':
      return envelope.message.id;
    case 'notification':
      return null;
  }
}

function withoutLoneSurrogates(envelope: Envelope): Envelope {
  switch (envelope.kind) {
    case 'request':
    case 'notification':
      return { ...envelope, method: envelope.method.toWellFormed(), params: toWellFormed(envelope.params) };
    case 'response':
      return { ...envelope, message: toWellFormed(envelope.message) };
    case 'invalid':
      return envelope;
  }
}

function unreadable(reason: EnvelopeReason, message: string, bodyBytes: number): Envelope {
  return { kind: 'invalid', meant: 'request', id: null, failure: { kind: 'ParseError', message, data: { reason } }, bodyBytes };
}

function refused(id: MessageId | null, reason: EnvelopeReason, message: string, bodyBytes: number): Envelope {
  return { kind: 'invalid', meant: 'request', id, failure: invalidRequest(reason, message), bodyBytes };
}

function invalidRequest(reason: EnvelopeReason, message: string): EnvelopeFailure {
  return { kind: 'InvalidRequest', message, data: { reason } };
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStructured(params: unknown): boolean {
  return params === undefined || typeof params === 'object';
}

function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}
