import type { HostCallDefinition, Lane, MethodDefinition } from '../method.ts';
import type { HostCallName, hostCalls, MethodName, methods } from './index.ts';

/*
 * What the sidecar has to know of a method before its first request: that it exists, and which lane it takes. The
 * definition itself, with its schemas, is loaded then: building all of them at start would cost a third of the time from
 * spawn to `initialize`, for methods that this host may never call. The compiler holds the table against the definitions.
 */
type Route<Name extends MethodName> = { lane: (typeof methods)[Name]['lane']; load(): Promise<(typeof methods)[Name]> };

const routes: { [Name in MethodName]: Route<Name> } = {
  initialize: { lane: 'life', load: async () => (await import('./lifecycle.ts')).initialize },
  shutdown: { lane: 'life', load: async () => (await import('./lifecycle.ts')).shutdown },
  'rpc.discover': { lane: 'look', load: async () => (await import('./sidecar.ts')).discover },
  'sidecar/ping': { lane: 'life', load: async () => (await import('./sidecar.ts')).ping },
  'sidecar/status': { lane: 'state', load: async () => (await import('./status.ts')).status },
  'log/error': { lane: 'state', load: async () => (await import('./log.ts')).error },
  'port/check': { lane: 'look', load: async () => (await import('./port.ts')).check },
  'port/find': { lane: 'look', load: async () => (await import('./port.ts')).find },
  'port/list': { lane: 'look', load: async () => (await import('./port.ts')).list },
  'port/explain': { lane: 'look', load: async () => (await import('./port.ts')).explain },
  'port/wait': { lane: 'wait', load: async () => (await import('./port.ts')).wait },
  'port/kill': { lane: 'act', load: async () => (await import('./kill.ts')).portKill },
  'port/register': { lane: 'state', load: async () => (await import('./managedPorts.ts')).register },
  'port/unregister': { lane: 'state', load: async () => (await import('./managedPorts.ts')).unregister },
  'port/registered': { lane: 'state', load: async () => (await import('./managedPorts.ts')).registered },
  'port/ensureAvailable': { lane: 'act', load: async () => (await import('./managedPorts.ts')).ensureAvailable },
  'port/allocate': { lane: 'act', load: async () => (await import('./managedPorts.ts')).allocate },
  'port/release': { lane: 'state', load: async () => (await import('./managedPorts.ts')).release },
  'cleanup/run': { lane: 'act', load: async () => (await import('./cleanup.ts')).run },
  'process/get': { lane: 'look', load: async () => (await import('./process.ts')).get },
  'process/list': { lane: 'look', load: async () => (await import('./process.ts')).list },
  'process/tree': { lane: 'look', load: async () => (await import('./process.ts')).tree },
  'process/usage': { lane: 'look', load: async () => (await import('./process.ts')).usage },
  'process/wait': { lane: 'wait', load: async () => (await import('./process.ts')).wait },
  'process/kill': { lane: 'act', load: async () => (await import('./kill.ts')).processKill },
  'shutdown/addHandler': { lane: 'state', load: async () => (await import('./shutdown.ts')).addHandler },
  'shutdown/removeHandler': { lane: 'state', load: async () => (await import('./shutdown.ts')).removeHandler },
  'shutdown/run': { lane: 'act', load: async () => (await import('./shutdown.ts')).run },
  'instance/acquire': { lane: 'wait', load: async () => (await import('./instance.ts')).acquire },
  'instance/release': { lane: 'state', load: async () => (await import('./instance.ts')).release },
  'instance/query': { lane: 'look', load: async () => (await import('./instance.ts')).query },
  'service/apply': { lane: 'act', load: async () => (await import('./service.ts')).apply },
  'service/start': { lane: 'act', load: async () => (await import('./service.ts')).start },
  'service/stop': { lane: 'act', load: async () => (await import('./service.ts')).stop },
  'service/restart': { lane: 'act', load: async () => (await import('./service.ts')).restart },
  'service/remove': { lane: 'act', load: async () => (await import('./service.ts')).remove },
  'service/signal': { lane: 'act', load: async () => (await import('./service.ts')).signal },
  'service/list': { lane: 'look', load: async () => (await import('./service.ts')).list },
  'service/get': { lane: 'look', load: async () => (await import('./service.ts')).get },
  'service/logs': { lane: 'look', load: async () => (await import('./serviceOutput.ts')).logs },
  'service/write': { lane: 'act', load: async () => (await import('./serviceOutput.ts')).write },
  'metrics/get': { lane: 'look', load: async () => (await import('./metrics.ts')).get },
  'events/subscribe': { lane: 'life', load: async () => (await import('./events.ts')).subscribe },
  'events/unsubscribe': { lane: 'life', load: async () => (await import('./events.ts')).unsubscribe },
};

export function isMethodName(name: string): name is MethodName {
  return Object.hasOwn(routes, name);
}

export const laneOf = (name: MethodName): Lane => routes[name].lane;

/** The definition of a method whose name is only known at run time; loaded once. */
export function loadMethod(name: MethodName): MethodDefinition | Promise<MethodDefinition> {
  return loaded.get(name) ?? load(name);
}
const loaded = new Map<MethodName, MethodDefinition>();

async function load(name: MethodName): Promise<MethodDefinition> {
  const definition = (await routes[name].load()) as unknown as MethodDefinition;
  loaded.set(name, definition);
  return definition;
}

const hostCallRoutes: { [Name in HostCallName]: () => Promise<(typeof hostCalls)[Name]> } = {
  'host/runShutdownHandler': async () => (await import('../hostCalls/hostCalls.ts')).runShutdownHandler,
  'host/secondInstance': async () => (await import('../hostCalls/hostCalls.ts')).secondInstance,
};

export async function loadHostCall(name: HostCallName): Promise<HostCallDefinition> {
  return (await hostCallRoutes[name]()) as unknown as HostCallDefinition;
}
