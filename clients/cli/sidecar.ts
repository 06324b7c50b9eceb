import type { MethodName, NotificationParams, Params, Result, ServerNotificationName } from '../../src/protocol/methods/index.ts';
import { type Connection, type SpawnOptions, spawnConnection } from '../typescript/connection.ts';

/** A connection to the sidecar of this very package: there is no word that it knows and we do not, so its types are closed. */
export interface SidecarConnection extends Omit<Connection, 'server' | 'call' | 'on'> {
  readonly server: Result<'initialize'>;
  call<Name extends MethodName>(method: Name, params: Params<Name>, options?: { signal?: AbortSignal | undefined }): Promise<Result<Name>>;
  on<Name extends ServerNotificationName>(name: Name, listener: (params: NotificationParams<Name>) => void): () => void;
}

export function spawnSidecar(options: SpawnOptions): Promise<SidecarConnection> {
  return spawnConnection(options) as Promise<unknown> as Promise<SidecarConnection>;
}
