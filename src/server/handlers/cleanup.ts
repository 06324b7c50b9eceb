import type { Handlers } from '../context.ts';
import type { RunCleanup } from '../ports/cleanup.ts';
import type { TellProgress } from './progress.ts';

export function cleanupHandlers(runCleanup: RunCleanup, tellProgress: TellProgress): Pick<Handlers, 'cleanup/run'> {
  return {
    'cleanup/run': (params, request) =>
      tellProgress(params, request, 'Cleaning up', (onRung) =>
        runCleanup(params, { owner: { connectionId: request.connectionId, method: 'cleanup/run' }, signal: request.signal, onRung }),
      ),
  };
}
