import type { Clock } from '../../clock.ts';
import type { Result } from '../../protocol/methods/index.ts';
import type { Handlers } from '../context.ts';

export function sidecarHandlers(
  clock: Clock,
  readOpenrpc: () => Promise<Result<'rpc.discover'>>,
): Pick<Handlers, 'sidecar/ping' | 'rpc.discover'> {
  return {
    'sidecar/ping': ({ echo }) => ({ ...(echo !== undefined && { echo }), at: clock.now() }),
    'rpc.discover': readOpenrpc,
  };
}
