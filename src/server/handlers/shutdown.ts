import type { Handlers } from '../context.ts';
import type { Shutdown, ShutdownNews } from '../shutdown/coordinator.ts';
import type { ShutdownHandlers } from '../shutdown/handlers.ts';
import type { WithProgress } from './progress.ts';

type ShutdownMethods = Pick<Handlers, 'shutdown/addHandler' | 'shutdown/removeHandler' | 'shutdown/run'>;

export function shutdownHandlers(shutdown: Shutdown, handlers: ShutdownHandlers, withProgress: WithProgress): ShutdownMethods {
  return {
    'shutdown/addHandler': (params, { connectionId }) => ({ handlerId: handlers.add(connectionId, params) }),

    'shutdown/removeHandler': ({ handlerId }, { connectionId }) => ({ removed: handlers.remove(connectionId, handlerId) }),

    'shutdown/run': ({ reason, deadlineMs, keepRunning, workDoneToken }, request) =>
      withProgress({ workDoneToken }, request, 'Shutting down', async (tell) => {
        const stop = shutdown.listen((news) => tell(sentenceOf(news)));
        try {
          return await shutdown.run({ reason, deadlineMs, keepRunning });
        } finally {
          stop();
        }
      }),
  };
}

function sentenceOf({ phase, step }: ShutdownNews): string {
  return step === undefined ? phase : `${step.kind} ${step.name}: ${step.status}`;
}
