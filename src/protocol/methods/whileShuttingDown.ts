import type { MethodName } from './index.ts';

/**
 * What a method is worth once the sidecar shuts down. The handlers of a host still need to look, to kill and to let go, so
 * that works; what starts, acquires, allocates, registers or adds is refused as ShuttingDown.
 */
export type WhileShuttingDown = 'works' | 'refused';

/** The compiler holds it against the manifest: each method has said so, once. */
export const whileShuttingDown: { [Name in MethodName]: WhileShuttingDown } = {
  initialize: 'refused',
  shutdown: 'works',
  'rpc.discover': 'works',
  'sidecar/ping': 'works',
  'sidecar/status': 'works',
  'log/error': 'works',
  'port/check': 'works',
  'port/find': 'works',
  'port/list': 'works',
  'port/explain': 'works',
  'port/wait': 'works',
  'port/kill': 'works',
  'port/register': 'refused',
  'port/unregister': 'works',
  'port/registered': 'works',
  'port/ensureAvailable': 'works',
  'port/allocate': 'refused',
  'port/release': 'works',
  'cleanup/run': 'works',
  'process/get': 'works',
  'process/list': 'works',
  'process/tree': 'works',
  'process/usage': 'works',
  'process/wait': 'works',
  'process/kill': 'works',
  'shutdown/addHandler': 'refused',
  'shutdown/removeHandler': 'works',
  'shutdown/run': 'works',
  'instance/acquire': 'refused',
  'instance/release': 'works',
  'instance/query': 'works',
  'service/apply': 'refused',
  'service/start': 'refused',
  'service/restart': 'refused',
  'service/remove': 'works',
  'service/signal': 'works',
  'service/stop': 'works',
  'service/get': 'works',
  'service/list': 'works',
  'service/logs': 'works',
  'service/write': 'works',
  'events/subscribe': 'works',
  'events/unsubscribe': 'works',
  'metrics/get': 'works',
};
