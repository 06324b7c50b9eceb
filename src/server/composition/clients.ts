import type { Params } from '../../protocol/methods/index.ts';
import type { AppLedgers } from '../ledger/appLedgers.ts';
import type { Registrations } from '../ports/registrations.ts';
import type { Outputs } from '../supervisor/output/outputs.ts';
import type { Services } from '../supervisor/services.ts';

/** What the sidecar keeps for one connection, from `initialize` on. */
export interface Client {
  readonly connectionId: string;
  readonly appId: string;
  /** What its host says it answers. */
  readonly capabilities: Params<'initialize'>['capabilities'];
  readonly clientInfo: Params<'initialize'>['clientInfo'];
  /** The host that it named, whether or not it can be watched. */
  readonly hostPid: number | null;
  readonly ledgers: AppLedgers;
  readonly registrations: Registrations;
  readonly services: Services;
  readonly outputs: Outputs;
}

export interface Clients {
  add(client: Client): void;
  /** Throws for a connection that was not initialized: the session lets no request of one through. */
  of(connectionId: string): Client;
  all(): Client[];
}

/** There is one today; nothing else may rely on that. */
export function createClients(): Clients {
  const clients = new Map<string, Client>();
  return {
    add: (client) => void clients.set(client.connectionId, client),
    of(connectionId) {
      const client = clients.get(connectionId);
      if (client === undefined) throw new Error(`the connection ${connectionId} has no state yet`);
      return client;
    },
    all: () => [...clients.values()],
  };
}
