import { fail } from '../../protocol/errors.ts';
import type { Lane } from '../../protocol/method.ts';
import type { MethodName } from '../../protocol/methods/index.ts';
import type { RequestContext } from '../context.ts';
import { limits } from '../transport/limits.ts';

/** The id of a request as the host wrote it: 7 and "7" are two ids. */
export type WireId = number | string;

/** One request from its arrival to its answer. */
export interface Call {
  readonly id: WireId;
  /** The id under which vscode-jsonrpc knows it, because its own queue takes 7 and "7" for one. */
  readonly privateId: number;
  readonly method: MethodName;
  readonly params: unknown;
  readonly lane: Lane;
  readonly bodyBytes: number;
  readonly startedAtMs: number;
  readonly request: RequestContext;
  isCancelled(): boolean;
  cancel(): void;
}

type Admission = { admitted: Call } | { refused: ReturnType<typeof fail> };
type Arrival = Pick<Call, 'id' | 'method' | 'params' | 'lane' | 'bodyBytes' | 'startedAtMs'>;

/** The requests under way on one connection, within the limits that `initialize` told. */
export function createCalls(connectionId: string) {
  const byWireId = new Map<WireId, Call>();
  const byPrivateId = new Map<number, Call>();
  let lastPrivateId = 0;
  let inboundBytes = 0;
  let requests = 0;
  let waits = 0;

  return {
    admit(arrival: Arrival): Admission {
      const refused = refusal(arrival);
      if (refused) return { refused };
      lastPrivateId += 1;
      const call = createCall(arrival, lastPrivateId, connectionId);
      byWireId.set(call.id, call);
      byPrivateId.set(call.privateId, call);
      inboundBytes += call.bodyBytes;
      if (call.lane === 'wait') waits += 1;
      else if (call.lane !== 'life') requests += 1;
      return { admitted: call };
    },

    /** Takes the call off the books, because it is being answered. */
    complete(privateId: number): Call | undefined {
      const call = byPrivateId.get(privateId);
      if (call === undefined) return undefined;
      byPrivateId.delete(privateId);
      byWireId.delete(call.id);
      inboundBytes -= call.bodyBytes;
      if (call.lane === 'wait') waits -= 1;
      else if (call.lane !== 'life') requests -= 1;
      return call;
    },

    cancel(id: WireId): void {
      byWireId.get(id)?.cancel();
    },

    cancelWhere(matches: (call: Call) => boolean): void {
      for (const call of [...byPrivateId.values()]) if (matches(call)) call.cancel();
    },

    all: () => [...byPrivateId.values()],

    get size() {
      return byPrivateId.size;
    },
  };

  function refusal({ id, lane, bodyBytes }: Arrival) {
    if (byWireId.has(id)) {
      return fail('InvalidRequest', `A request with the id ${JSON.stringify(id)} is still in flight; give each its own.`, {
        reason: 'duplicateId',
      });
    }
    if (inboundBytes + bodyBytes > limits.inboundBytes) {
      return fail('LimitExceeded', 'The requests in flight are too large together; wait for some answers first.', {
        limit: 'inboundBytes',
        max: limits.inboundBytes,
      });
    }
    const full = lane === 'wait' ? waits >= limits.waitsInFlight : lane !== 'life' && requests >= limits.requestsInFlight;
    if (!full) return null;
    const max = lane === 'wait' ? limits.waitsInFlight : limits.requestsInFlight;
    return fail('Overloaded', `${max} requests of this kind are in flight; keep the next one back until one of them is answered.`, {
      retryAfterMs: 50,
    });
  }
}

function createCall(arrival: Arrival, privateId: number, connectionId: string): Call {
  // Most requests are answered before anyone could cancel them, so the controller is made on demand.
  let controller: AbortController | undefined;
  let cancelled = false;
  return {
    ...arrival,
    privateId,
    request: {
      connectionId,
      get signal() {
        if (controller === undefined) {
          controller = new AbortController();
          if (cancelled) controller.abort(cancellation());
        }
        return controller.signal;
      },
    },
    isCancelled: () => cancelled,
    cancel() {
      cancelled = true;
      controller?.abort(cancellation());
    },
  };
}

export function cancellation() {
  return fail('RequestCancelled', 'The request was cancelled; nothing was done.', {});
}
