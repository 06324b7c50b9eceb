import type { Handlers } from '../context.ts';
import type { Allocate } from '../ports/allocation.ts';
import type { EnsureAvailable } from '../ports/ensure.ts';
import type { Leases } from '../ports/leases.ts';
import type { Registrations } from '../ports/registrations.ts';
import type { TellProgress } from './progress.ts';

type ManagedPortHandlers = Pick<
  Handlers,
  'port/register' | 'port/unregister' | 'port/registered' | 'port/ensureAvailable' | 'port/allocate' | 'port/release'
>;

export interface ManagedPortParts {
  registrationsOf(connectionId: string): Registrations;
  ensureAvailable: EnsureAvailable;
  allocate: Allocate;
  leases: Leases;
  tellProgress: TellProgress;
}

export function managedPortHandlers({
  registrationsOf,
  ensureAvailable,
  allocate,
  leases,
  tellProgress,
}: ManagedPortParts): ManagedPortHandlers {
  return {
    async 'port/register'({ port, name, protocol = 'tcp' }, { connectionId }) {
      await registrationsOf(connectionId).register({ port, protocol, name });
      return null;
    },

    'port/unregister': async ({ port, protocol = 'tcp' }, { connectionId }) => ({
      removed: await registrationsOf(connectionId).unregister(port, protocol),
    }),

    'port/registered': (_params, { connectionId }) => ({ ports: registrationsOf(connectionId).list() }),

    'port/ensureAvailable': (params, request) =>
      tellProgress(params, request, 'Making a port available', (onRung) => ensureAvailable(params, { signal: request.signal, onRung })),

    async 'port/allocate'({ count = 1, preferred = [], hold = false, ...rest }, { connectionId, signal }) {
      return { leases: await allocate({ count, preferred, hold, ...rest }, { connectionId, signal }) };
    },

    'port/release': ({ leaseIds }, { connectionId }) => ({ released: leases.release(connectionId, leaseIds) }),
  };
}
