import { readFile } from 'node:fs/promises';
import { type Clock, endWithin, systemClock } from '../clock.ts';
import type { ProcessLog } from '../log.ts';
import type { ShutdownReport } from '../protocol/types/shutdown.ts';
import type { ServerCapabilities } from '../protocol/types/status.ts';
import type { PlatformCapabilities } from '../workers/platform/types.ts';
import { createActing } from './composition/acting.ts';
import { createCallHost } from './composition/callHost.ts';
import { createClients } from './composition/clients.ts';
import { createConnect } from './composition/connect.ts';
import { createContaining } from './composition/containing.ts';
import { createEnding } from './composition/ending.ts';
import { createLazyInstances } from './composition/instances.ts';
import { createLooking } from './composition/looking.ts';
import { createProcessStarts } from './composition/processStarts.ts';
import { createReadStatus } from './composition/status.ts';
import type { AppSystem } from './composition/system.ts';
import type { Config } from './config.ts';
import type { Handlers, Publish } from './context.ts';
import { createRecordHostError } from './diagnostics/hostErrors.ts';
import { createHostLog } from './diagnostics/hostLog.ts';
import { createSubscriptions } from './events/subscriptions.ts';
import { cleanupHandlers } from './handlers/cleanup.ts';
import { eventHandlers } from './handlers/events.ts';
import { instanceHandlers } from './handlers/instance.ts';
import { lifecycleHandlers } from './handlers/lifecycle.ts';
import { managedPortHandlers } from './handlers/managedPorts.ts';
import { metricsHandlers } from './handlers/metrics.ts';
import { portHandlers } from './handlers/port.ts';
import { processHandlers } from './handlers/process.ts';
import { createTellProgress, createWithProgress } from './handlers/progress.ts';
import { serviceHandlers } from './handlers/service.ts';
import { serviceOutputHandlers } from './handlers/serviceOutput.ts';
import { shutdownHandlers } from './handlers/shutdown.ts';
import { sidecarHandlers } from './handlers/sidecar.ts';
import { findLockBase, lockDirectoryOf } from './instance/places.ts';
import { createReadMetrics } from './metrics/metrics.ts';
import { createRequestMetrics } from './metrics/requestMetrics.ts';
import { createFileLocks } from './os/fileLock.ts';
import { createHostWatch } from './os/hostWatch.ts';
import { keepInheritedDescriptors } from './os/inheritedDescriptors.ts';
import { directoryState } from './os/paths.ts';
import { createLastLook } from './ports/lastLook.ts';
import { createPortWaiting } from './ports/waiting.ts';
import { createDispatch } from './rpc/dispatch.ts';
import { openSession, type Session } from './rpc/session.ts';
import { createEndings, orderOf } from './shutdown/endings.ts';
import { type Ending, exitCodeFor } from './shutdown/exitCode.ts';
import { createShutdownWatch } from './shutdown/watching.ts';
import { createLogWatch } from './supervisor/output/watching.ts';
import { createServiceWatch } from './supervisor/watching.ts';
import type { Transport } from './transport/transport.ts';

export interface AppOptions {
  config: Config;
  transport: Transport;
  log: ProcessLog;
  clock?: Clock;
  /** What the build knows: where its files are, and who it is. */
  files: { jobWorker: URL; guardScript: URL; openrpc: URL };
  version: string;
  system: AppSystem;
  /** What a child begins with, unless its spec says otherwise. */
  surroundings: { environment: Readonly<Record<string, string | undefined>>; directory: string };
  /** Calls back when something outside the connection ends the sidecar. */
  listenForEndings(onEnding: (ending: Ending) => void): void;
}

const drainMs = 5_000;
const exitAwaitedMs = 5_000;
const flushMs = 1_000;
const lateMs = 500;
const closingMs = 250;

/** How it ended. */
export interface AppEnd {
  exitCode: number;
  /** Threads hang in the kernel, and nothing may wait for them. */
  hasHangingThreads: boolean;
}

/** Builds everything, in order, and runs until something ends it. */
export async function runApp(options: AppOptions): Promise<AppEnd> {
  const { config, log, system, files, version } = options;
  const clock = options.clock ?? systemClock;
  const watching = new AbortController();
  let shutdownAnswered = false;

  const looking = createLooking({ system, native: config.native, cgroups: config.cgroups, jobWorker: files.jobWorker, clock, log });
  const { pool, waiter, ports, processes, capabilities } = looking;
  keepInheritedDescriptors({ native: capabilities.native, platform: system.platform });
  const clients = createClients();
  const containing = createContaining({
    system,
    looking,
    ledgers: () => clients.all().map(({ ledgers }) => ledgers.ledger),
    guardScript: files.guardScript,
    path: options.surroundings.environment['PATH'],
    clock,
    log,
  });
  const acting = createActing(looking, clients, containing, system, clock);
  const publish: Publish = (_connectionId, name, params) => session.publish(name, params);
  const tellProgress = createTellProgress(publish);
  const withProgress = createWithProgress(publish);
  const requests = createRequestMetrics();
  const hostLog = createHostLog({ send: (params) => session.publish('window/logMessage', params), clock });
  log.listen(hostLog.tell);

  const callHost = createCallHost(clients, (connectionId) => (connectionId === session.id ? session : undefined));
  const locks = createFileLocks({ native: capabilities.native, platform: system.platform });
  const instances = createLazyInstances({
    platform: system.platform,
    native: capabilities.native,
    tryLock: locks.tryLock,
    ownerOf: clients.of,
    callHost,
    sidecarPid: system.pid,
    processes: looking.platform.processes,
    clock,
    log,
  });
  const { shutdown, shutdownHandlers: handlersOfHosts } = createEnding({
    clients,
    leases: acting.leases,
    instances,
    callHost,
    log,
    clock,
  });
  const endings = createEndings((order) => void shutdown.run(order));
  options.listenForEndings((ending) => {
    if (ending.kind === 'uncaughtException') log.fatal({ err: ending.error }, 'uncaught exception');
    endings.end(ending);
  });
  const servicesOf = (connectionId: string) => clients.of(connectionId).services;
  const outputsOf = (connectionId: string) => clients.of(connectionId).outputs;
  const watches = {
    ...looking.watches,
    instance: instances.watch,
    shutdown: createShutdownWatch(shutdown),
    service: createServiceWatch(servicesOf),
    serviceLog: createLogWatch(outputsOf, clock),
  };
  const subscriptions = createSubscriptions(watches, publish, { clock, log });
  const hostWatch = createHostWatch({
    parentPid: system.parentPid,
    waiter,
    readStart: createProcessStarts(system.platform, looking.platform.processes).readStart,
    kind: capabilities.killIdentity === 'handle' ? 'handle' : 'pid',
    signal: watching.signal,
    clock,
    log,
    onDeath() {
      session.forsake('the host process has ended');
      endings.end({ kind: 'hostDeath' });
    },
  });
  const connect = createConnect({
    clients,
    looking,
    acting,
    containing,
    locks,
    system,
    clientProcessId: config.clientProcessId,
    surroundings: options.surroundings,
    hostWatch,
    clock,
    log,
  });

  const readMetrics = createReadMetrics({
    pool,
    clock,
    requests,
    servicesOf: (connectionId) => servicesOf(connectionId).list(),
    usageOf: containing.containment.usageOf,
    managedPortsOf: (connectionId) => clients.of(connectionId).registrations.list().length,
    rssBytes: process.memoryUsage.rss,
  });

  const { node, platform, arch, pid, startedAt } = system;
  const readStatus = createReadStatus({
    clients,
    pool,
    clock,
    startedAt,
    lastLook: createLastLook({ pool, clock, log }),
    shutdownState: () => shutdown.state,
    handlersOf: handlersOfHosts.list,
    instanceOf: instances.statusOf,
    sessionOf: () => session,
    rssBytes: process.memoryUsage.rss,
  });
  const handlers: Handlers = {
    ...lifecycleHandlers({
      shutdown,
      connect,
      serverInfo: { name: 'sidewarden', version, pid, startedAt, node, platform, arch },
      capabilities: describeCapabilities(capabilities, platform),
    }),
    ...sidecarHandlers({ clock, readOpenrpc: createReadOnce(files.openrpc), readStatus, recordHostError: createRecordHostError(log) }),
    ...portHandlers({
      ports,
      waitForPort: createPortWaiting(pool, clock),
      killing: acting.portKilling,
      labelOf: (connectionId) => servicesOf(connectionId).belonging.label,
      tellProgress,
    }),
    ...processHandlers({ processes, ...acting, belongingOf: (connectionId) => servicesOf(connectionId).belonging, tellProgress }),
    ...managedPortHandlers({ ...acting, tellProgress }),
    ...cleanupHandlers(acting.runCleanup, tellProgress),
    ...eventHandlers(subscriptions),
    ...metricsHandlers(readMetrics),
    ...instanceHandlers(instances),
    ...shutdownHandlers(shutdown, handlersOfHosts, withProgress),
    ...serviceHandlers({ servicesOf, tellProgress, withProgress }),
    ...serviceOutputHandlers({ servicesOf, outputsOf }),
  };
  const session: Session = openSession({
    id: 'c1',
    transport: options.transport,
    dispatch: createDispatch(handlers, log),
    clock,
    log,
    shutdownState: () => shutdown.state,
    onEnd: endings.end,
    onAnswered: requests.observe,
    onShutdownAnswered() {
      shutdownAnswered = true;
      clock.setTimer(exitAwaitedMs, () => endings.end({ kind: 'exitOverdue' }));
    },
    onOpen: hostLog.open,
    onWritable: () => subscriptions.resume('c1'),
  });
  if (config.clientProcessId !== null) void hostWatch.watch(config.clientProcessId);

  const how = await endings.first;
  // Whoever wants a lock of ours waits for us, rather than for a host that has gone.
  instances.beginClosing();
  const isForsaken = () => endings.has('hostDeath') || endings.has('outputLost');
  if (how.kind === 'endOfInput' || how.kind === 'broken') await Promise.race([session.drain(drainMs), endings.hurried]);
  const report = await shutdown.run(orderOf(how));
  if (!isForsaken()) await Promise.race([session.drain(drainMs), endings.hurried.then(() => session.drain(0))]);
  subscriptions.close(session.id);
  // What was late is being killed; without this nobody but the guard would see it through, and that later.
  await endWithin(clock, lateMs, [shutdown.settled()]);
  // Whatever hangs or fails from here on cannot hold up the end.
  await endWithin(
    clock,
    closingMs,
    clients.all().map(({ ledgers }) => ledgers.ledger.close()),
  );
  containing.guard.close();
  watching.abort();
  // Before the report: what they cut off may be logged as a failure, and nothing comes behind the last line.
  const threadsHaveEnded = await endWithin(clock, closingMs, [waiter.close(), pool.close()]);
  tellReport(report, how);
  await session.flush(isForsaken() ? 0 : flushMs);
  session.close();
  const exitCode = exitCodeFor(how, {
    shutdownAnswered,
    hasHostProcess: clients.all().some(({ hostPid }) => hostPid !== null),
    hasCriticalFailure: shutdown.hasCriticalFailure,
    hasUncaughtException: endings.has('uncaughtException'),
  });
  return { exitCode, hasHangingThreads: !threadsHaveEnded };

  /** Where nobody has read it, it is the last line of the log. */
  function tellReport(report: ShutdownReport, { kind }: Ending): void {
    const level = shutdownAnswered && !isForsaken() ? 'info' : report.ok ? 'warn' : 'error';
    log[level]({ report, ending: kind }, 'shut down');
  }
}

/** As `initialize` tells it; what only `sidewarden doctor` shows is not promised to hosts. */
async function describeCapabilities(found: PlatformCapabilities, platform: string): Promise<ServerCapabilities> {
  const { native, killIdentity, containment, portOwners, socketSource, nativeProblem, pidfdInode, cgroup } = found;
  const base = await findLockBase(platform).catch(() => null);
  const lockDirectory = base === null ? null : lockDirectoryOf(base);
  const locking = lockDirectory === null ? {} : { lockDirectory, lockDirectoryState: await directoryState(lockDirectory) };
  const doctor = { nativeProblem, pidfdInode, cgroup, ...locking };
  return { native, killIdentity, containment, portOwners, socketSource, experimental: { doctor } };
}

/** Read with the first question and kept: a host that asks for it again and again costs no parsing. */
function createReadOnce(file: URL): () => Promise<Record<string, unknown>> {
  let content: Promise<Record<string, unknown>> | null = null;
  return () => {
    content ??= readFile(file, 'utf8').then((text) => JSON.parse(text) as Record<string, unknown>);
    return content;
  };
}
