import type * as z from 'zod/mini';
import * as event from '../events/events.ts';
import * as host from '../hostCalls/hostCalls.ts';
import * as cleanup from './cleanup.ts';
import * as events from './events.ts';
import * as instance from './instance.ts';
import * as kill from './kill.ts';
import * as lifecycle from './lifecycle.ts';
import * as log from './log.ts';
import * as managed from './managedPorts.ts';
import * as metrics from './metrics.ts';
import * as notification from './notifications.ts';
import * as port from './port.ts';
import * as process from './process.ts';
import { progress } from './progress.ts';
import * as service from './service.ts';
import * as serviceOutput from './serviceOutput.ts';
import * as shutdown from './shutdown.ts';
import * as sidecar from './sidecar.ts';
import * as status from './status.ts';

/*
 * The whole contract in one place, for what is derived from it: types, documents, clients. The sidecar itself goes by
 * routes.ts, which loads a noun with the first request for it.
 */

/** Every request that a host may make, in the order in which the documents show them. */
export const methods = {
  initialize: lifecycle.initialize,
  shutdown: lifecycle.shutdown,
  'rpc.discover': sidecar.discover,
  'sidecar/ping': sidecar.ping,
  'sidecar/status': status.status,
  'log/error': log.error,
  'port/check': port.check,
  'port/find': port.find,
  'port/list': port.list,
  'port/explain': port.explain,
  'port/wait': port.wait,
  'port/kill': kill.portKill,
  'port/register': managed.register,
  'port/unregister': managed.unregister,
  'port/registered': managed.registered,
  'port/ensureAvailable': managed.ensureAvailable,
  'port/allocate': managed.allocate,
  'port/release': managed.release,
  'cleanup/run': cleanup.run,
  'process/get': process.get,
  'process/list': process.list,
  'process/tree': process.tree,
  'process/usage': process.usage,
  'process/wait': process.wait,
  'process/kill': kill.processKill,
  'shutdown/addHandler': shutdown.addHandler,
  'shutdown/removeHandler': shutdown.removeHandler,
  'shutdown/run': shutdown.run,
  'instance/acquire': instance.acquire,
  'instance/release': instance.release,
  'instance/query': instance.query,
  'service/apply': service.apply,
  'service/start': service.start,
  'service/stop': service.stop,
  'service/restart': service.restart,
  'service/remove': service.remove,
  'service/signal': service.signal,
  'service/list': service.list,
  'service/get': service.get,
  'service/logs': serviceOutput.logs,
  'service/write': serviceOutput.write,
  'metrics/get': metrics.get,
  'events/subscribe': events.subscribe,
  'events/unsubscribe': events.unsubscribe,
} as const;

/** Every notification from host to sidecar. */
export const clientNotifications = {
  initialized: notification.initialized,
  exit: notification.exit,
  '$/cancelRequest': notification.cancelRequest,
} as const;

/** Every notification from sidecar to host. */
export const serverNotifications = {
  '$/progress': progress,
  'window/logMessage': log.logMessage,
  'event/port': event.port,
  'event/process': event.process,
  'event/shutdown': event.shutdown,
  'event/service': event.service,
  'event/serviceLog': event.serviceLog,
  'event/instance': event.instance,
  'event/overflow': event.overflow,
} as const;

/** Every request that the sidecar may make of its host. */
export const hostCalls = {
  'host/runShutdownHandler': host.runShutdownHandler,
  'host/secondInstance': host.secondInstance,
} as const;

export type MethodName = keyof typeof methods;
export type Params<Name extends MethodName> = z.infer<(typeof methods)[Name]['params']>;
export type Result<Name extends MethodName> = z.infer<(typeof methods)[Name]['result']>;

export type ServerNotificationName = keyof typeof serverNotifications;
export type NotificationParams<Name extends ServerNotificationName> = z.infer<(typeof serverNotifications)[Name]['params']>;

export type HostCallName = keyof typeof hostCalls;
export type HostCallParams<Name extends HostCallName> = z.infer<(typeof hostCalls)[Name]['params']>;
export type HostCallResult<Name extends HostCallName> = z.infer<(typeof hostCalls)[Name]['result']>;
