import type { Params, Result } from '../../protocol/methods/index.ts';
import type { Handlers, RequestContext } from '../context.ts';
import type { Services } from '../supervisor/services.ts';
import type { CommandOrder } from '../supervisor/stopping.ts';
import type { TellProgress, WithProgress } from './progress.ts';

type ServiceHandlers = Pick<
  Handlers,
  | 'service/apply'
  | 'service/start'
  | 'service/stop'
  | 'service/restart'
  | 'service/remove'
  | 'service/signal'
  | 'service/list'
  | 'service/get'
>;

/** They are asked and answered alike. */
type Command = (params: Params<'service/stop'>, request: RequestContext) => Promise<Result<'service/stop'>>;

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

    async 'service/apply'({ services, prune = false }, { connectionId }) {
      return { changes: await servicesOf(connectionId).apply({ services, prune }) };
    },

    'service/stop': command('stop', 'Stopping services'),
    'service/restart': command('restart', 'Restarting services'),
    'service/remove': command('remove', 'Removing services'),

    'service/signal'({ name, signal }, { connectionId }) {
      servicesOf(connectionId).signal(name, signal);
      return null;
    },

    'service/list': ({ group }, { connectionId }) => ({ services: servicesOf(connectionId).list(group) }),

    'service/get': async ({ name }, { connectionId, signal }) => ({ service: await servicesOf(connectionId).get(name, signal) }),
  };
  function command(verb: 'stop' | 'restart' | 'remove', title: string): Command {
    return async ({ name, group, graceMs, workDoneToken }, request) => {
      const { signal, connectionId } = request;
      const act = (onRung: CommandOrder['onRung']) => servicesOf(connectionId)[verb]({ name, group }, { signal, onRung, graceMs });
      return { services: await tellProgress({ workDoneToken }, request, title, act) };
    };
  }
}
