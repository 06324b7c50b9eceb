import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Params } from '../../protocol/methods/index.ts';
import { openAppLedgers } from '../ledger/appLedgers.ts';
import type { FileLocks } from '../os/fileLock.ts';
import type { HostWatch, HostWatchKind } from '../os/hostWatch.ts';
import { createKnock } from '../os/knock.ts';
import { openRegistrations } from '../ports/registrations.ts';
import { findGone } from '../processes/gone.ts';
import { createEquipments } from '../supervisor/equipment.ts';
import { createOutputs } from '../supervisor/output/outputs.ts';
import { createParking } from '../supervisor/parking.ts';
import { createPersistence } from '../supervisor/persistence.ts';
import { createServices } from '../supervisor/services.ts';
import { createSpared } from '../supervisor/spared.ts';
import { createDescribeProcess, createFindStarted } from '../supervisor/started.ts';
import { createTurns } from '../supervisor/turns.ts';
import type { Acting } from './acting.ts';
import type { Clients } from './clients.ts';
import type { Containing } from './containing.ts';
import type { Looking } from './looking.ts';
import type { AppSystem } from './system.ts';

export interface ConnectParts {
  clients: Clients;
  looking: Looking;
  acting: Acting;
  containing: Containing;
  locks: FileLocks;
  system: AppSystem;
  /** The host, told by flag instead of at initialize. */
  clientProcessId: number | null;
  /** What a child begins with, unless its spec says otherwise. */
  surroundings: { environment: Readonly<Record<string, string | undefined>>; directory: string };
  hostWatch: HostWatch;
  clock: Clock;
  log: Log;
}

export type Connect = (connectionId: string, params: Params<'initialize'>) => Promise<HostWatchKind>;

/** Builds what a connection needs beside what all share, and begins to watch its host. */
export function createConnect(parts: ConnectParts): Connect {
  const { clients, looking, acting, containing, locks, system, clock, log } = parts;
  const { platform, pool } = looking;
  const turns = createTurns(system.threads, clock);

  return async function connect(connectionId, params) {
    const { processId, appId, clientInfo, capabilities: hostCapabilities, options: { ownerTag, stateDir } = {} } = params;
    const hostPid = processId ?? parts.clientProcessId;
    // First of all: it may die while all this is being built.
    const hostWatch = hostPid === null ? 'none' : parts.hostWatch.watch(hostPid);
    const ledgers = await openAppLedgers({
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
    const registrations = openRegistrations({
      directory: ledgers.directory,
      sidecar: ledgers.self,
      findGone: (sidecars) => findGone(platform.processes, sidecars),
      tryLock: locks.tryLock,
      clock,
      log,
    });
    const outputs = createOutputs(clock, log);
    const { ledger, reader, directory } = ledgers;
    const persistence = createPersistence({ ledger, reader, directory, tryLock: locks.tryLock, waiter: looking.waiter, pool, clock, log });
    const describeProcess = createDescribeProcess(pool);
    const { containment, spawnChild, parkingLaunch: launch } = containing;
    const startParts = { containment, ledger, spawnChild, describeProcess, clock, log, ...parts.surroundings };
    const services = createServices({
      ...startParts,
      parking: createParking({ ...startParts, launch }),
      pool,
      ports: looking.ports,
      knock: createKnock({ native: looking.capabilities.native, platform: system.platform }),
      kill: acting.kill,
      gatherSpared: createSpared(pool, system.pid),
      findStarted: createFindStarted(pool),
      persistence,
      equipments: createEquipments(outputs, {
        connectionId,
        leases: acting.leases,
        allocate: acting.allocate,
        listenPort: acting.listenPort,
      }),
      turns,
      random: Math.random,
      ownerTag,
    });
    clients.add({ connectionId, appId, capabilities: hostCapabilities, clientInfo, hostPid, ledgers, registrations, services, outputs });
    await services.adopt();
    if (hostPid !== null && (await hostWatch) !== 'none') containing.setHost(hostPid);
    return hostWatch;
  };
}
