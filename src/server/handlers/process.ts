import type { Handlers } from '../context.ts';
import type { ProcessQuestions } from '../processes/questions.ts';

type ProcessHandlers = Pick<Handlers, 'process/get' | 'process/list' | 'process/tree' | 'process/usage' | 'process/wait'>;

export function processHandlers(processes: ProcessQuestions): ProcessHandlers {
  return {
    'process/get': (params, { signal }) => processes.get(params, signal),
    'process/list': (params, { signal }) => processes.list(params, signal),
    'process/tree': (params, { signal }) => processes.tree(params, signal),
    'process/usage': (params, { signal }) => processes.usage(params, signal),
    'process/wait': (params, { signal }) => processes.wait(params, signal),
  };
}
