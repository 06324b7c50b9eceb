import type { HostCallName } from '../../protocol/methods/index.ts';
import type { ClientCapabilities } from '../../protocol/types/client.ts';
import type { CallHost } from '../context.ts';
import type { Session } from '../rpc/session.ts';
import type { Clients } from './clients.ts';

/** What a host has to declare at `initialize` to be asked. */
const needed: { [Name in HostCallName]: keyof ClientCapabilities } = {
  'host/runShutdownHandler': 'shutdownHandlers',
  'host/secondInstance': 'secondInstance',
};

/** Asks the host of a connection, if it said that it answers this. */
export function createCallHost(clients: Clients, sessionOf: (connectionId: string) => Session | undefined): CallHost {
  return async function callHost(connectionId, name, params, options) {
    const client = clients.all().find((one) => one.connectionId === connectionId);
    const session = sessionOf(connectionId);
    if (client === undefined || session === undefined) return { kind: 'unavailable', reason: 'The host is not connected.' };
    const capability = needed[name];
    if (client.capabilities[capability] !== true) {
      return { kind: 'unavailable', reason: `The host did not declare the capability ${capability} at initialize.` };
    }
    return session.callHost(name, params, options);
  };
}
