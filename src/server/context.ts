import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { MethodName, NotificationParams, Params, Result, ServerNotificationName } from '../protocol/methods/index.ts';

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

export interface Surroundings {
  clock: Clock;
  log: Log;
}
