import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { type ErrorKind, type Failure, fail } from '../../protocol/errors.ts';
import type { MethodName, NotificationParams, ServerNotificationName } from '../../protocol/methods/index.ts';
import { isMethodName, laneOf } from '../../protocol/methods/routes.ts';
import type { ShutdownState } from '../context.ts';
import { type Envelope, parseEnvelope } from '../transport/framing/envelope.ts';
import { brokenSentences, type Framing } from '../transport/framing/frames.ts';
import { createMessageReader } from '../transport/framing/messageReader.ts';
import { createFrameReader } from '../transport/framing/reader.ts';
import { createFrameWriter } from '../transport/framing/writer.ts';
import { limits } from '../transport/limits.ts';
import type { Transport } from '../transport/transport.ts';
import { type Call, cancellation, createCalls, type WireId } from './calls.ts';
import { connectRpc } from './connection.ts';
import type { Dispatch } from './dispatch.ts';
import { failureOf, responseError, wireError } from './failure.ts';
import { createHostCalls, type HostCalls } from './hostCalls.ts';
import { isShutdown, outOfPlace, type Phase } from './lifeCycle.ts';

/** Why a connection is over. */
export type SessionEnd =
  /** The host closed its end, or is gone: nothing more will come. */
  | { kind: 'endOfInput'; framing: Framing | null }
  /** Bytes that no later frame can be found in. */
  | { kind: 'broken'; reason: string }
  /** The host takes nothing any more: it closed its end, or did not read for too long. */
  | { kind: 'outputLost'; reason: string }
  /** The notification `exit`. */
  | { kind: 'exit' };

/** One connection: bytes in, calls out to dispatch, answers and events back. */
export interface Session {
  readonly id: string;
  /** Sends an event; false when it was dropped because the host reads too slowly. */
  publish<Name extends ServerNotificationName>(name: Name, params: NotificationParams<Name>): boolean;
  /** Asks the host. */
  readonly callHost: HostCalls['call'];
  /** Ends waits with -32800 and lets the other requests run to their answers; what is left after `deadlineMs` is cancelled and answered. */
  drain(deadlineMs: number): Promise<void>;
  /** Its host is gone, whatever still holds the pipes: what waits for an answer gets none, and what is under way is cancelled. */
  forsake(reason: string): void;
  /** Everything queued is with the system, or can no longer be delivered. */
  flush(deadlineMs: number): Promise<void>;
  status(): { inFlight: number; queuedBytes: number; droppedEvents: number };
  close(): void;
}

export interface SessionOptions {
  id: string;
  transport: Transport;
  dispatch: Dispatch;
  clock: Clock;
  log: Log;
  /** Of the whole sidecar. */
  shutdownState(): ShutdownState;
  /** Called once. */
  onEnd(end: SessionEnd): void;
  /** For what is counted. */
  onAnswered?(answered: { method: MethodName; outcome: 'ok' | ErrorKind; durationMs: number }): void;
  onShutdownAnswered(): void;
  /** `initialize` was answered: from now on the host may be told things. */
  onOpen(): void;
  /** The host reads again, after events were dropped. */
  onWritable(): void;
}

/** What was cancelled at the end has this long to say so itself. */
const cancelledAnswerMs = 500;

export function openSession(options: SessionOptions): Session {
  const { id, transport, dispatch, clock, log, shutdownState, onEnd, onShutdownAnswered, onWritable } = options;
  const calls = createCalls(id);
  /** What arrived while `initialize` was being answered: it is answered first. */
  let held: Envelope[] = [];
  let phase: Phase = 'fresh';
  let framing: Framing | null = null;
  let ended = false;
  let isDraining = false;
  let droppedEvents = 0;
  const waitingForIdle = new Set<() => void>();

  const writer = createFrameWriter({
    write: (chunk, done) => transport.write(chunk, done),
    clock,
    onOverHighWater: () => transport.pause(),
    onBelowHighWater() {
      transport.resume();
      onWritable();
    },
    onStalled: () => end({ kind: 'outputLost', reason: 'the host did not read' }),
    onClosed: () => end({ kind: 'outputLost', reason: 'the host closed its end' }),
  });
  const hostCalls = createHostCalls({ send: (message) => writer.send(message), clock, log });
  const rpc = connectRpc({ log, answer, handle: run, notified });
  const createReader = transport.carries === 'messages' ? createMessageReader : createFrameReader;
  const reader = createReader({
    onFraming(detected) {
      framing = detected;
      writer.setFraming(detected);
    },
    onBody: (body) => receive(parseEnvelope(body, limits.jsonDepth)),
    onTooLarge: () => refuse(null, tooLarge()),
    onBroken(reason) {
      refuse(null, { kind: 'ParseError', message: brokenSentences[reason], data: { reason } });
      end({ kind: 'broken', reason });
    },
  });
  transport.open({
    onData: (chunk) => reader.push(chunk),
    onEnd() {
      reader.end();
      end({ kind: 'endOfInput', framing });
    },
  });

  return {
    id,
    publish(name, params) {
      const taken = writer.offerEvent({ jsonrpc: '2.0', method: name, params });
      if (!taken) droppedEvents += 1;
      return taken;
    },
    callHost: hostCalls.call,
    async drain(deadlineMs) {
      isDraining = true;
      calls.cancelWhere((call) => call.lane === 'wait');
      await untilIdle(deadlineMs);
      calls.cancelWhere(() => true);
      await untilIdle(cancelledAnswerMs);
      for (const { privateId } of calls.all()) answer(privateId, { error: wireError(cutOff()) });
    },
    forsake(reason) {
      hostCalls.close(reason);
      calls.cancelWhere(() => true);
    },
    flush: (deadlineMs) => Promise.race([writer.flushed(), clock.sleep(deadlineMs)]),
    status: () => ({ inFlight: calls.size, queuedBytes: writer.queuedBytes, droppedEvents }),
    close() {
      hostCalls.close('the connection is closed');
      transport.close();
      rpc.dispose();
    },
  };

  function receive(envelope: Envelope): void {
    if (phase === 'initializing') held.push(envelope);
    else handle(envelope);
  }

  function handle(envelope: Envelope): void {
    switch (envelope.kind) {
      case 'request':
        return begin(envelope);
      case 'notification':
        if (envelope.method === '$/cancelRequest') return cancel(envelope.params);
        return rpc.deliver({ jsonrpc: '2.0', method: envelope.method, params: envelope.params });
      case 'response':
        return hostCalls.settle(envelope.message);
      case 'invalid':
        if (envelope.meant === 'request') return refuse(envelope.id, envelope.failure);
        if (envelope.meant === 'response') hostCalls.fail(envelope.id, envelope.failure.message);
        log.warn({ kind: envelope.failure.kind, reason: envelope.failure.message }, `an unusable ${envelope.meant} was ignored`);
    }
  }

  function begin({ id: wireId, method, params, bodyBytes }: Extract<Envelope, { kind: 'request' }>): void {
    const failure = outOfPlace(method, phase, shutdownState());
    if (failure) return refuse(wireId, failure);
    const name = method as MethodName;
    const arrival = { id: wireId, method: name, params, lane: laneOf(name), bodyBytes, startedAtMs: clock.monotonicMs() };
    const admission = calls.admit(arrival);
    if ('refused' in admission) return refuse(wireId, admission.refused.failure);
    if (name === 'initialize') phase = 'initializing';
    if (isDraining && arrival.lane === 'wait') admission.admitted.cancel();
    rpc.deliver({ jsonrpc: '2.0', id: admission.admitted.privateId, method: name, params: admission.admitted });
  }

  async function run(call: Call): Promise<unknown> {
    try {
      if (call.isCancelled()) throw cancellation();
      const result = await dispatch(call.method, call.params, call.request);
      if (call.method === 'initialize') leaveInitializing('open');
      if (isShutdown(call.method) && shutdownState() === 'closed') phase = 'afterShutdown';
      return result;
    } catch (thrown) {
      if (call.method === 'initialize') leaveInitializing('fresh');
      const failure = failureOf(thrown, log, call.method);
      log.debug({ method: call.method, kind: failure.kind, durationMs: clock.monotonicMs() - call.startedAtMs }, 'request failed');
      throw responseError(failure);
    }
  }

  function leaveInitializing(next: Phase): void {
    // Behind the answer to initialize, which is written when the present promise chain has run out.
    setImmediate(() => {
      phase = next;
      if (next === 'open') options.onOpen();
      const waiting = held;
      held = [];
      for (const envelope of waiting) receive(envelope);
      tellIdle();
    });
  }

  function notified(method: string): void {
    if (method === 'exit') return end({ kind: 'exit' });
    if (isMethodName(method)) log.warn({ method }, 'a request method came as a notification (without an id) and was not executed');
    else if (method !== 'initialized') log.debug({ method }, 'an unknown notification was ignored');
  }

  function cancel(params: Record<string, unknown>): void {
    const { id: wireId } = params;
    if (typeof wireId === 'number' || typeof wireId === 'string') calls.cancel(wireId);
    else log.warn({}, '$/cancelRequest without an id was ignored');
  }

  /** Writes the one answer of a call. */
  function answer(privateId: number, outcome: { result: unknown } | { error: unknown }): void {
    const call = calls.complete(privateId);
    if (call === undefined) return;
    if (writer.send({ jsonrpc: '2.0', id: call.id, ...outcome }) === 'tooLarge') refuse(call.id, answerTooLarge());
    options.onAnswered?.({ method: call.method, outcome: outcomeOf(outcome), durationMs: clock.monotonicMs() - call.startedAtMs });
    if (isShutdown(call.method) && phase === 'afterShutdown' && 'result' in outcome) onShutdownAnswered();
    // Nothing else is about to be answered that could share the write.
    if (calls.size === 0) writer.flush();
    tellIdle();
  }

  function isIdle(): boolean {
    return calls.size === 0 && phase !== 'initializing';
  }

  async function untilIdle(deadlineMs: number): Promise<void> {
    if (isIdle()) return;
    const idle = Promise.withResolvers<void>();
    waitingForIdle.add(idle.resolve);
    await Promise.race([idle.promise, clock.sleep(deadlineMs)]);
    waitingForIdle.delete(idle.resolve);
  }

  function tellIdle(): void {
    if (isIdle()) for (const resolve of waitingForIdle) resolve();
  }

  /** Answers what never became a call. */
  function refuse(wireId: WireId | null, failure: Failure): void {
    log.debug({ kind: failure.kind }, 'request refused');
    writer.send({ jsonrpc: '2.0', id: wireId, error: wireError(failure) });
  }

  function end(how: SessionEnd): void {
    // After a bare `exit` its input is still open, and it may answer.
    if (how.kind !== 'exit') hostCalls.close('the host has closed its end');
    if (ended) return;
    ended = true;
    onEnd(how);
  }
}

/** Every error is one of failure.ts, with its kind. */
function outcomeOf(outcome: { result: unknown } | { error: unknown }): 'ok' | ErrorKind {
  return 'result' in outcome ? 'ok' : (outcome.error as { data: { kind: ErrorKind } }).data.kind;
}

function cutOff(): Failure {
  return fail('ShuttingDown', 'The sidecar ends, and did not come to an answer in time; what it had begun may be done or not.', {}).failure;
}

function answerTooLarge(): Failure {
  return fail('LimitExceeded', `The answer would be larger than ${limits.outboundBodyBytes} bytes; ask for less at once, page by page.`, {
    limit: 'outboundBodyBytes',
    max: limits.outboundBodyBytes,
  }).failure;
}

function tooLarge(): Failure {
  return fail('LimitExceeded', `The message is larger than ${limits.bodyBytes} bytes and was skipped; send less at once.`, {
    limit: 'bodyBytes',
    max: limits.bodyBytes,
  }).failure;
}
