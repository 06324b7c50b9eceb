import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Params } from '../protocol/methods/index.ts';
import type { ProcessInfo } from '../protocol/types/process.ts';
import type { ServerCapabilities } from '../protocol/types/status.ts';
import { createPlatform } from '../workers/platform/index.ts';
import type { PlatformCapabilities } from '../workers/platform/types.ts';
import { createPool } from '../workers/pool.ts';
import { createWaiter } from '../workers/waiter.ts';
import type { Config } from './config.ts';
import type { Handlers, Publish, Surroundings } from './context.ts';
import { createSubscriptions } from './events/subscriptions.ts';
import { cleanupHandlers } from './handlers/cleanup.ts';
import { eventHandlers } from './handlers/events.ts';
import { lifecycleHandlers } from './handlers/lifecycle.ts';
import { managedPortHandlers } from './handlers/managedPorts.ts';
import { portHandlers } from './handlers/port.ts';
import { processHandlers } from './handlers/process.ts';
import { createTellProgress } from './handlers/progress.ts';
import { serviceHandlers } from './handlers/service.ts';
import { sidecarHandlers } from './handlers/sidecar.ts';
import { type AppLedgers, openAppLedgers } from './ledger/appLedgers.ts';
import { createFileLocks } from './os/fileLock.ts';
import { createHoldPort } from './os/heldSocket.ts';
import { watchHost } from './os/hostWatch.ts';
import { directoryState, lockDirectory } from './os/paths.ts';
import { createAllocate } from './ports/allocation.ts';
import { createCleanup } from './ports/cleanup.ts';
import { createEnsureAvailable } from './ports/ensure.ts';
import { createPortKilling } from './ports/kill.ts';
import { createLeases } from './ports/leases.ts';
import { createOwnerFinder } from './ports/owners.ts';
import { createPortQuestions } from './ports/questions.ts';
import { openRegistrations, type Registrations } from './ports/registrations.ts';
import { createPortWaiting } from './ports/waiting.ts';
import { createPortWatch } from './ports/watching.ts';
import { createFreedPorts } from './processes/freedPorts.ts';
import { findGone } from './processes/gone.ts';
import { createGrow } from './processes/growth.ts';
import { createKill } from './processes/kill.ts';
import { createProcessKilling } from './processes/killing.ts';
import { createLadder } from './processes/ladder.ts';
import { createPlans } from './processes/plans.ts';
import { createProtection } from './processes/protection.ts';
import { createProcessQuestions } from './processes/questions.ts';
import { createProcessWatch } from './processes/watching.ts';
import { createDispatch } from './rpc/dispatch.ts';
import { openSession, type Session } from './rpc/session.ts';
import { createShutdown } from './shutdown/coordinator.ts';
import { createEndings, deadlineMs, hostDeathDeadlineMs } from './shutdown/endings.ts';
import { type Ending, exitCodeFor, reasonOf } from './shutdown/exitCode.ts';
import type { Service } from './supervisor/service.ts';
import { createServices, type Services } from './supervisor/services.ts';
import { createSpared } from './supervisor/spared.ts';
import { createFindStarted } from './supervisor/started.ts';
import { limits } from './transport/limits.ts';
import type { Transport } from './transport/transport.ts';

export interface AppOptions {
  config: Config;
  transport: Transport;
  log: Log;
  clock?: Clock;
  /** What the build knows: where its files are, and who it is. */
  files: { jobWorker: URL; openrpc: URL };
  version: string;
  system: { pid: number; parentPid: number; node: string; platform: NodeJS.Platform; arch: string; startedAt: number; threads: number };
  /** What a child begins with, unless its spec says otherwise. */
  surroundings: { environment: Readonly<Record<string, string | undefined>>; directory: string };
  /** Calls back when something outside the connection ends the sidecar. */
  listenForEndings(onEnding: (ending: Ending) => void): void;
}

const idleThreadsEndAfterMs = 10_000;
const drainMs = 5_000;
const exitAwaitedMs = 5_000;
const flushMs = 1_000;

/** Builds everything, in order, and runs until something ends it. Resolves with the exit code. */
export async function runApp(options: AppOptions): Promise<number> {
  const { config, log, system, files, version } = options;
  const clock = options.clock ?? systemClock;
  const surroundings: Surroundings = { clock, log };
  const hostWatching = new AbortController();
  const hostPids: number[] = [];
  let shutdownAnswered = false;

  const platform = createPlatform(system.platform, { native: config.native });
  const capabilities = platform.probeCapabilities();
  const serverCapabilities = describeCapabilities(capabilities);
  const pool = createPool({
    platformName: system.platform,
    native: config.native,
    threads: system.threads,
    idleTimeoutMs: idleThreadsEndAfterMs,
    entry: files.jobWorker,
    clock,
    log,
  });
  const waiter = createWaiter({ native: capabilities.native, platform: system.platform, clock });
  const ports = createPortQuestions({ pool, findOwners: createOwnerFinder(pool), seesAllOwners: capabilities.portOwners === 'all' });
  const processes = createProcessQuestions(pool, waiter, clock);
  const watches = { port: createPortWatch(pool, ports, surroundings), process: createProcessWatch(pool, waiter, surroundings) };
  const publish: Publish = (_connectionId, name, params) => session.publish(name, params);
  const subscriptions = createSubscriptions(watches, publish, surroundings);
  const tellProgress = createTellProgress(publish);
  const locks = createFileLocks({ native: capabilities.native });
  const ledgers = new Map<string, AppLedgers>();
  const gatherProtection = createProtection({
    pool,
    ownPid: system.pid,
    hostPids: () => hostPids,
    listLive: async () => (await Promise.all([...ledgers.values()].map(({ reader }) => reader.listLive()))).flat(),
    ownStarts: () => [...ledgers.values()].flatMap(({ ledger }) => ledger.starts()),
  });
  const kill = createKill({ pool, ladder: createLadder(pool, waiter, clock), grow: createGrow(pool), clock });
  const freedPorts = createFreedPorts(pool);
  const killProcesses = createProcessKilling({ pool, kill, plans: createPlans(clock), gatherProtection, freedPorts });
  const portKilling = createPortKilling({ pool, ports, kill, plans: createPlans(clock), gatherProtection });
  const leases = createLeases(clock, limits.leases);
  const registrations = new Map<string, Registrations>();
  const registrationsOf = (connectionId: string) => registrations.get(connectionId) as Registrations;
  const holdPort = createHoldPort({ native: capabilities.native, platform: system.platform });
  const allocate = createAllocate({ pool, leases, holdPort, registrationsOf, clock });
  const findOwned = async () => {
    const owners = await Promise.all([...ledgers.values()].map(({ leftovers }) => leftovers.findOwned()));
    return (holder: ProcessInfo) => owners.some((isOwned) => isOwned(holder));
  };
  const ensureAvailable = createEnsureAvailable({ pool, ports, endHolders: portKilling.endHolders, gatherProtection, findOwned, clock });
  const runCleanup = createCleanup({
    pool,
    ports,
    kill,
    endHolders: portKilling.endHolders,
    plans: createPlans(clock),
    gatherProtection,
    freedPorts,
    leftoversOf: (connectionId) => (ledgers.get(connectionId) as AppLedgers).leftovers,
    registrationsOf,
  });
  const endPorts = async () => {
    leases.close();
    await Promise.all([...registrations.values()].map((one) => one.close()));
  };
  const serviceTable = new Map<string, Service>();
  let services: Services | null = null;
  const endServices = () => (services?.close() ?? []).map((service) => ({ kind: 'service' as const, ...service }));
  const shutdown = createShutdown([endServices, () => [{ kind: 'lease', name: 'ports', end: endPorts }]], clock);
  const endings = createEndings((reason, timeMs) => void shutdown.run(reason, timeMs));

  const handlers: Handlers = {
    ...lifecycleHandlers({
      shutdown,
      connect,
      serverInfo: {
        name: 'sidewarden',
        version,
        pid: system.pid,
        startedAt: system.startedAt,
        node: system.node,
        platform: system.platform,
        arch: system.arch,
      },
      capabilities: serverCapabilities,
    }),
    ...sidecarHandlers(clock, createReadOnce(files.openrpc)),
    ...portHandlers({ ports, waitForPort: createPortWaiting(pool, clock), killing: portKilling, tellProgress }),
    ...processHandlers(processes, killProcesses, tellProgress),
    ...managedPortHandlers({ registrationsOf, ensureAvailable, allocate, leases, tellProgress }),
    ...cleanupHandlers(runCleanup, tellProgress),
    ...eventHandlers(subscriptions),
    ...serviceHandlers(() => services as Services, tellProgress),
  };
  const session: Session = openSession({
    id: 'c1',
    transport: options.transport,
    dispatch: createDispatch(handlers, log),
    clock,
    log,
    onEnd: endings.end,
    onShutdownAnswered() {
      shutdownAnswered = true;
      clock.setTimer(exitAwaitedMs, () => endings.end({ kind: 'exitOverdue' }));
    },
    onWritable: () => subscriptions.resume('c1'),
  });
  options.listenForEndings(endings.end);

  const how = await endings.first;
  if (how.kind === 'uncaughtException') log.fatal({ err: how.error }, 'uncaught exception');
  if (how.kind !== 'hostDeath' && how.kind !== 'outputLost') await Promise.race([session.drain(drainMs), endings.hurried]);
  subscriptions.close(session.id);
  const report = await shutdown.run(reasonOf(how), how.kind === 'hostDeath' ? hostDeathDeadlineMs : deadlineMs);
  await Promise.all([...ledgers.values()].map(({ ledger }) => ledger.close()));
  log.info({ report, ending: how.kind }, 'shut down');
  hostWatching.abort();
  await session.flush(how.kind === 'hostDeath' || how.kind === 'outputLost' ? 0 : flushMs);
  session.close();
  await waiter.close();
  await pool.close();
  return exitCodeFor(how, { shutdownAnswered, hasHostProcess: hostPids.length > 0 });

  async function connect(connectionId: string, { processId, appId, options: { ownerTag, stateDir } = {} }: Params<'initialize'>) {
    const hostPid = processId ?? config.clientProcessId;
    const own = await openAppLedgers({
      appId,
      stateDir,
      sidecarPid: system.pid,
      hostPid: hostPid ?? system.parentPid,
      startedAt: system.startedAt,
      identify: async (pid) => platform.processes.identify(pid),
      locks,
      pool,
      clock,
      log,
    });
    ledgers.set(connectionId, own);
    registrations.set(
      connectionId,
      openRegistrations({
        directory: own.directory,
        sidecar: own.self,
        findGone: (sidecars) => findGone(platform.processes, sidecars),
        tryLock: locks.tryLock,
        clock,
        log,
      }),
    );
    const findStarted = createFindStarted(pool);
    services = createServices(
      {
        pool,
        kill,
        gatherSpared: createSpared(pool, system.pid),
        findStarted,
        ledger: own.ledger,
        clock,
        log,
        ...options.surroundings,
        ownerTag,
      },
      serviceTable,
    );
    if (hostPid === null) return 'none' as const;
    hostPids.push(hostPid);
    return watchHost({
      processId: hostPid,
      waiter,
      kind: capabilities.killIdentity === 'handle' ? 'handle' : 'pid',
      signal: hostWatching.signal,
      log,
      onDeath: () => endings.end({ kind: 'hostDeath' }),
    });
  }
}

/** As `initialize` tells it; what only `sidewarden doctor` shows is not promised to hosts. */
async function describeCapabilities(found: PlatformCapabilities): Promise<ServerCapabilities> {
  const { native, killIdentity, containment, portOwners, socketSource, nativeProblem, pidfdInode, cgroup } = found;
  const directory = lockDirectory();
  const doctor = { nativeProblem, pidfdInode, cgroup, lockDirectory: directory, lockDirectoryState: await directoryState(directory) };
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
