import { type Failure, fail } from '../../protocol/errors.ts';
import type { MethodName } from '../../protocol/methods/index.ts';
import { isMethodName } from '../../protocol/methods/routes.ts';
import { whileShuttingDown } from '../../protocol/methods/whileShuttingDown.ts';
import type { ShutdownState } from '../context.ts';

/** Where a connection stands in LSP's life cycle. */
export type Phase = 'fresh' | 'initializing' | 'open' | 'afterShutdown';

/** Why this method may not be called at this point; null when it may. */
export function outOfPlace(method: string, phase: Phase, shutdown: ShutdownState): Failure | null {
  if (!isMethodName(method)) {
    return fail('MethodNotFound', `There is no method ${JSON.stringify(method.slice(0, 200))}; rpc.discover lists those there are.`, {})
      .failure;
  }
  if (method === 'rpc.discover') return null;
  if (phase === 'afterShutdown') {
    return fail('InvalidRequest', 'The connection was shut down; only the notification exit may follow.', { reason: 'afterShutdown' })
      .failure;
  }
  if (phase === 'fresh' && method !== 'initialize') return fail('NotInitialized', 'Send initialize first.', {}).failure;
  if (phase !== 'fresh' && method === 'initialize') {
    return fail('InvalidRequest', 'This connection is initialized already; that happens once.', { reason: 'alreadyInitialized' }).failure;
  }
  if (!isRefused(method, shutdown)) return null;
  return fail('ShuttingDown', `The sidecar is shutting down, so ${method} is not begun any more.`, {}).failure;
}

/** Its answer ends the connection, unless the sidecar stays. */
export const isShutdown = (method: MethodName): boolean => method === 'shutdown' || method === 'shutdown/run';

/** When nothing is left to be ended, a shutdown may still be asked how it went. */
function isRefused(method: MethodName, shutdown: ShutdownState): boolean {
  if (shutdown === 'open') return false;
  return shutdown === 'closed' ? !isShutdown(method) : whileShuttingDown[method] === 'refused';
}
