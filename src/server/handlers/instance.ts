import type { Handlers } from '../context.ts';
import type { Instances } from '../instance/instances.ts';

type InstanceHandlers = Pick<Handlers, 'instance/acquire' | 'instance/release' | 'instance/query'>;

export function instanceHandlers(instances: Pick<Instances, 'acquire' | 'release' | 'query'>): InstanceHandlers {
  return {
    'instance/acquire': (params, { connectionId, signal }) => instances.acquire(connectionId, params, signal),

    'instance/release': async ({ lockId }, { connectionId }) => ({ released: await instances.release(connectionId, lockId) }),

    'instance/query': async (which, { connectionId, signal }) => ({ holder: await instances.query(connectionId, which, signal) }),
  };
}
