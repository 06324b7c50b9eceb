import type { Handlers } from '../context.ts';
import type { Services } from '../supervisor/services.ts';
import type { TellProgress } from './progress.ts';

type ServiceHandlers = Pick<Handlers, 'service/start' | 'service/stop' | 'service/list' | 'service/get'>;

/** `servicesOf` gives those of a connection; each has its own. */
export function serviceHandlers(servicesOf: (connectionId: string) => Services, tellProgress: TellProgress): ServiceHandlers {
  return {
    async 'service/start'({ spec, name, waitFor = 'running', workDoneToken }, request) {
      const start = () => servicesOf(request.connectionId).start({ spec, name, waitFor });
      return { service: await tellProgress({ workDoneToken }, request, 'Starting a service', start) };
    },

    async 'service/stop'({ name, group, graceMs, workDoneToken }, request) {
      const services = servicesOf(request.connectionId);
      const stop = (onRung: Parameters<Parameters<TellProgress>[3]>[0]) =>
        services.stop({ name, group }, { signal: request.signal, onRung, ...(graceMs !== undefined && { graceMs }) });
      return { services: await tellProgress({ workDoneToken }, request, 'Stopping services', stop) };
    },

    'service/list': ({ group }, { connectionId }) => ({ services: servicesOf(connectionId).list(group) }),

    'service/get': async ({ name }, { connectionId, signal }) => ({ service: await servicesOf(connectionId).get(name, signal) }),
  };
}
