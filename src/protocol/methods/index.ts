import type * as z from 'zod/mini';
import * as event from '../events/events.ts';
import type { MethodDefinition } from '../method.ts';
import * as events from './events.ts';
import * as lifecycle from './lifecycle.ts';
import * as notification from './notifications.ts';
import * as port from './port.ts';
import * as process from './process.ts';
import * as sidecar from './sidecar.ts';

/** Every request that a host may make, in the order in which the documents show them. */
export const methods = {
  initialize: lifecycle.initialize,
  shutdown: lifecycle.shutdown,
  'rpc.discover': sidecar.discover,
  'sidecar/ping': sidecar.ping,
  'port/check': port.check,
  'port/find': port.find,
  'port/list': port.list,
  'port/explain': port.explain,
  'port/wait': port.wait,
  'process/get': process.get,
  'process/list': process.list,
  'process/tree': process.tree,
  'process/usage': process.usage,
  'process/wait': process.wait,
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
  'event/port': event.port,
  'event/process': event.process,
  'event/overflow': event.overflow,
} as const;

export type MethodName = keyof typeof methods;
export type Params<Name extends MethodName> = z.infer<(typeof methods)[Name]['params']>;
export type Result<Name extends MethodName> = z.infer<(typeof methods)[Name]['result']>;

export type ServerNotificationName = keyof typeof serverNotifications;
export type NotificationParams<Name extends ServerNotificationName> = z.infer<(typeof serverNotifications)[Name]['params']>;

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(methods, name);
}

/** The definition of a method whose name is only known at run time. */
export function methodDefinition(name: MethodName): MethodDefinition {
  return methods[name] as unknown as MethodDefinition;
}
