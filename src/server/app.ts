import { readFile } from 'node:fs/promises';
import { type Clock, systemClock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Params } from '../protocol/methods/index.ts';
import type { ServerCapabilities } from '../protocol/types/status.ts';
import { createPlatform } from '../workers/platform/index.ts';
import type { PlatformCapabilities } from '../workers/platform/types.ts';
import { createPool } from '../workers/pool.ts';
import { createWaiter } from '../workers/waiter.ts';
import type { Config } from './config.ts';
import type { Handlers, Surroundings } from './context.ts';
import { createSubscriptions } from './events/subscriptions.ts';
import { eventHandlers } from './handlers/events.ts';
import { lifecycleHandlers } from './handlers/lifecycle.ts';
import { portHandlers } from './handlers/port.ts';
import { processHandlers } from './handlers/process.ts';
import { sidecarHandlers } from './handlers/sidecar.ts';
import { watchHost } from './os/hostWatch.ts';
import { directoryState, lockDirectory } from './os/paths.ts';
import { createOwnerFinder } from './ports/owners.ts';
import { createPortQuestions } from './ports/questions.ts';
import { createPortWaiting } from './ports/waiting.ts';
import { createPortWatch } from './ports/watching.ts';
import { createProcessQuestions } from './processes/questions.ts';
import { createProcessWatch } from './processes/watching.ts';
import { createDispatch } from './rpc/dispatch.ts';
import { openSession, type Session } from './rpc/session.ts';
import { createShutdown } from './shutdown/coordinator.ts';
import { type Ending, exitCodeFor, reasonOf } from './shutdown/exitCode.ts';
import type { Transport } from './transport/transport.ts';

export interface AppOptions {
  config: Config;
  transport: Transport;
  log: Log;
  clock?: Clock;
  /** What the build knows: where its files are, and who it is. */
  files: { jobWorker: URL; openrpc: URL };
  version: string;
  system: { pid: number; node: string; platform: NodeJS.Platform; arch: string; startedAt: number; threads: number };
  /** Calls back when something outside the connection ends the sidecar. */
  listenForEndings(onEnding: (ending: Ending) => void): void;
}

const idleThreadsEndAfterMs = 10_000;
const drainMs = 5_000;
const exitAwaitedMs = 5_000;
const hostDeathDeadlineMs = 3_000;
const flushMs = 1_000;

/** Builds everything, in order, and runs until something ends it. Resolves with the exit code. */
export async function runApp(options: AppOptions): Promise<number> {
  const { config, log, system, files, version } = options;
  const clock = options.clock ?? systemClock;
  const surroundings: Surroundings = { clock, log };
  const ending = Promise.withResolvers<Ending>();
  const hostWatching = new AbortController();
  let hasHostProcess = false;
  let shutdownAnswered = false;

  const capabilities = createPlatform(system.platform, { native: config.native }).probeCapabilities();
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
  const subscriptions = createSubscriptions(watches, (_connectionId, name, params) => session.publish(name, params), surroundings);
  const shutdown = createShutdown([], clock);

  const handlers: Handlers = {
    ...lifecycleHandlers({
      shutdown,
      connect,
      serverInfo: { name: 'sidewarden', version, pid: system.pid, startedAt: system.startedAt, node: system.node, platform: system.platform, arch: system.arch },
      capabilities: serverCapabilities,
    }),
    ...sidecarHandlers(clock, async () => JSON.parse(await readFile(files.openrpc, 'utf8'))),
    ...portHandlers(ports, createPortWaiting(pool, clock)),
    ...processHandlers(processes),
    ...eventHandlers(subscriptions),
  };
  const session: Session = openSession({
    id: 'c1',
    transport: options.transport,
    dispatch: createDispatch(handlers, log),
    clock,
    log,
    onEnd: ending.resolve,
    onShutdownAnswered() {
      shutdownAnswered = true;
      clock.setTimer(exitAwaitedMs, () => ending.resolve({ kind: 'exitOverdue' }));
    },
    onWritable: () => subscriptions.resume('c1'),
  });
  options.listenForEndings(ending.resolve);

  const how = await ending.promise;
  if (how.kind === 'uncaughtException') log.fatal({ err: how.error }, 'uncaught exception');
  if (how.kind !== 'hostDeath' && how.kind !== 'outputLost') await session.drain(drainMs);
  subscriptions.close(session.id);
  const report = await shutdown.run(reasonOf(how), how.kind === 'hostDeath' ? hostDeathDeadlineMs : 15_000);
  log.info({ report, ending: how.kind }, 'shut down');
  hostWatching.abort();
  await session.flush(how.kind === 'hostDeath' || how.kind === 'outputLost' ? 0 : flushMs);
  session.close();
  await waiter.close();
  await pool.close();
  return exitCodeFor(how, { shutdownAnswered, hasHostProcess });

  async function connect(_connectionId: string, { processId }: Params<'initialize'>) {
    const hostPid = processId ?? config.clientProcessId;
    if (hostPid === null) return 'none' as const;
    hasHostProcess = true;
    return watchHost({
      processId: hostPid,
      waiter,
      kind: capabilities.killIdentity === 'handle' ? 'handle' : 'pid',
      signal: hostWatching.signal,
      log,
      onDeath: () => ending.resolve({ kind: 'hostDeath' }),
    });
  }
}

/** As `initialize` tells it; what only `sidewarden doctor` shows is not promised to hosts. */
async function describeCapabilities(found: PlatformCapabilities): Promise<ServerCapabilities> {
  const { native, killIdentity, portOwners, socketSource, nativeProblem, pidfdInode, cgroup } = found;
  const directory = lockDirectory();
  const doctor = { nativeProblem, pidfdInode, cgroup, lockDirectory: directory, lockDirectoryState: await directoryState(directory) };
  return { native, killIdentity, containment: [], portOwners, socketSource, experimental: { doctor } };
}
