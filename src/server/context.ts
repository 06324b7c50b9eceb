import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type {
  HostCallName,
  HostCallParams,
  HostCallResult,
  MethodName,
  NotificationParams,
  Params,
  Result,
  ServerNotificationName,
} from '../protocol/methods/index.ts';

/* Function types that app.ts hands in, so that no domain has to know rpc or transport. */

/** What a handler gets beside its params. */
export interface RequestContext {
  /** Aborted by $/cancelRequest, or when the connection ends. */
  signal: AbortSignal;
  /** Which connection asks; state that belongs to a host is keyed by it. */
  connectionId: string;
}

export type Handler<Name extends MethodName> = (params: Params<Name>, request: RequestContext) => Result<Name> | Promise<Result<Name>>;

/** One handler a method: this type does not compile while one is missing. */
export type Handlers = { [Name in MethodName]: Handler<Name> };

/** Sends an event; false when it was dropped because the host reads too slowly. */
export type Publish = <Name extends ServerNotificationName>(connectionId: string, name: Name, params: NotificationParams<Name>) => boolean;

/** Asks the host; what becomes of it is an answer, never an exception. The host of a connection that is gone is `unavailable`. */
export type CallHost = <Name extends HostCallName>(
  connectionId: string,
  name: Name,
  params: HostCallParams<Name>,
  options: { timeoutMs: number; signal?: AbortSignal | undefined },
) => Promise<HostAnswer<HostCallResult<Name>>>;

export type HostAnswer<Value> =
  | { kind: 'answered'; result: Value }
  /** It answered with an error, or with something else than the call expects. */
  | { kind: 'failed'; message: string }
  /** It did not answer in time, or nobody waits for it any more; it was sent `$/cancelRequest`. */
  | { kind: 'timeout' }
  /** Nobody is there who could answer. */
  | { kind: 'unavailable'; reason: string };

/** `closing` while things are being ended, `closed` when only the process itself is left to end. */
export type ShutdownState = 'open' | 'closing' | 'closed';

export interface Surroundings {
  clock: Clock;
  log: Log;
}
