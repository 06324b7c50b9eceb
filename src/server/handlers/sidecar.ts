import type { Clock } from '../../clock.ts';
import type { Result } from '../../protocol/methods/index.ts';
import type { Handlers } from '../context.ts';
import type { RecordHostError } from '../diagnostics/hostErrors.ts';

export interface SidecarQuestions {
  clock: Clock;
  readOpenrpc: () => Promise<Result<'rpc.discover'>>;
  readStatus: (connectionId: string) => Result<'sidecar/status'>;
  recordHostError: RecordHostError;
}

type SidecarMethods = Pick<Handlers, 'sidecar/ping' | 'sidecar/status' | 'log/error' | 'rpc.discover'>;

export function sidecarHandlers({ clock, readOpenrpc, readStatus, recordHostError }: SidecarQuestions): SidecarMethods {
  return {
    'sidecar/ping': ({ echo }) => ({ ...(echo !== undefined && { echo }), at: clock.now() }),

    'sidecar/status': (_params, { connectionId }) => readStatus(connectionId),

    'log/error'(params, { connectionId }) {
      recordHostError(connectionId, params);
      return null;
    },

    'rpc.discover': readOpenrpc,
  };
}
