import type { Handlers } from '../context.ts';
import type { KillProcesses } from '../processes/killing.ts';
import type { ProcessQuestions } from '../processes/questions.ts';
import type { TellProgress } from './progress.ts';

type ProcessHandlers = Pick<Handlers, 'process/get' | 'process/list' | 'process/tree' | 'process/usage' | 'process/wait' | 'process/kill'>;

export function processHandlers(processes: ProcessQuestions, killProcesses: KillProcesses, tellProgress: TellProgress): ProcessHandlers {
  return {
    'process/get': (params, { signal }) => processes.get(params, signal),
    'process/list': (params, { signal }) => processes.list(params, signal),
    'process/tree': (params, { signal }) => processes.tree(params, signal),
    'process/usage': (params, { signal }) => processes.usage(params, signal),
    'process/wait': (params, { signal }) => processes.wait(params, signal),

    'process/kill': (params, request) =>
      tellProgress(params, request, 'Ending processes', (onRung) =>
        killProcesses(params, { owner: { connectionId: request.connectionId, method: 'process/kill' }, signal: request.signal, onRung }),
      ),
  };
}
