import type { Handlers } from '../context.ts';
import type { Services } from '../supervisor/services.ts';
import type { TellProgress, WithProgress } from './progress.ts';

type ServiceHandlers = Pick<Handlers, 'service/start' | 'service/stop' | 'service/list' | 'service/get'>;

export interface ServiceHandlerParts {
  /** Those of a connection; each has its own. */
  servicesOf(connectionId: string): Services;
  tellProgress: TellProgress;
  withProgress: WithProgress;
}

export function serviceHandlers({ servicesOf, tellProgress, withProgress }: ServiceHandlerParts): ServiceHandlers {
  return {
    async 'service/start'({ spec, name, waitFor = 'ready', timeoutMs = 30_000, workDoneToken }, request) {
      const start = (onStep: (sentence: string) => void) =>
        servicesOf(request.connectionId).start({ spec, name, waitFor, timeoutMs, signal: request.signal, onStep });
      return { service: await withProgress({ workDoneToken }, request, 'Starting a service', start) };
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
