import type { ProcessInfo, ProcessRef } from '../../protocol/types/process.ts';
import type { Handlers } from '../context.ts';
import type { KillProcesses } from '../processes/killing.ts';
import type { ProcessQuestions } from '../processes/questions.ts';
import type { TellProgress } from './progress.ts';

type ProcessHandlers = Pick<Handlers, 'process/get' | 'process/list' | 'process/tree' | 'process/usage' | 'process/wait' | 'process/kill'>;

export interface ProcessHandlerParts {
  processes: ProcessQuestions;
  killProcesses: KillProcesses;
  /** What the services of a connection say about processes. */
  belongingOf(connectionId: string): {
    label<Info extends ProcessInfo>(info: Info): Info;
    exitOf(target: ProcessRef): Promise<{ exitCode: number | null; signal: string | null }> | null;
  };
  findOwned(connectionId: string, ownerTag: string, signal: AbortSignal): Promise<ProcessInfo[]>;
  tellProgress: TellProgress;
}

export function processHandlers({ processes, killProcesses, belongingOf, findOwned, tellProgress }: ProcessHandlerParts): ProcessHandlers {
  return {
    async 'process/get'(params, { signal, connectionId }) {
      const { process } = await processes.get(params, signal);
      return { process: process && belongingOf(connectionId).label(process) };
    },

    async 'process/list'(params, { signal, connectionId }) {
      const tag = params.filter?.ownerTag;
      const owned = tag === undefined ? undefined : await findOwned(connectionId, tag, signal);
      const page = await processes.list(params, signal, owned);
      return { ...page, processes: page.processes.map(belongingOf(connectionId).label) };
    },

    async 'process/tree'(params, { signal, connectionId }) {
      const tree = await processes.tree(params, signal);
      return { ...tree, processes: tree.processes.map(belongingOf(connectionId).label) };
    },

    'process/usage': (params, { signal }) => processes.usage(params, signal),

    async 'process/wait'(params, { signal, connectionId }) {
      // Before the wait: afterwards it may have been started again.
      const end = belongingOf(connectionId).exitOf(params.target);
      const answer = await processes.wait(params, signal);
      return answer.exited && end !== null ? { ...answer, ...(await end) } : answer;
    },

    'process/kill': (params, request) =>
      tellProgress(params, request, 'Ending processes', (onRung) =>
        killProcesses(params, { owner: { connectionId: request.connectionId, method: 'process/kill' }, signal: request.signal, onRung }),
      ),
  };
}
