import type { Clock } from '../../clock.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import { createHoldPort } from '../os/heldSocket.ts';
import { createListenPort } from '../os/listenSocket.ts';
import { createAllocate } from '../ports/allocation.ts';
import { createCleanup } from '../ports/cleanup.ts';
import { createEnsureAvailable } from '../ports/ensure.ts';
import { createPortKilling } from '../ports/kill.ts';
import { createLeases } from '../ports/leases.ts';
import { createFreedPorts } from '../processes/freedPorts.ts';
import { createGrow } from '../processes/growth.ts';
import { createKill } from '../processes/kill.ts';
import { createProcessKilling } from '../processes/killing.ts';
import { createLadder } from '../processes/ladder.ts';
import { findOwned } from '../processes/owned.ts';
import { createPlans } from '../processes/plans.ts';
import { createProtection } from '../processes/protection.ts';
import { createKillOnRequest } from '../supervisor/killing.ts';
import { limits } from '../transport/limits.ts';
import type { Clients } from './clients.ts';
import type { Containing } from './containing.ts';
import type { Looking } from './looking.ts';
import type { AppSystem } from './system.ts';

export type Acting = ReturnType<typeof createActing>;

/** All that ends processes, and that gives out ports or frees them. */
export function createActing(
  { pool, waiter, ports, capabilities }: Looking,
  clients: Clients,
  { guard }: Containing,
  system: AppSystem,
  clock: Clock,
) {
  const registrationsOf = (connectionId: string) => clients.of(connectionId).registrations;
  const gatherProtection = createProtection({
    pool,
    ownPid: system.pid,
    guardPids: guard.pids,
    hostPids: () => clients.all().flatMap(({ hostPid }) => hostPid ?? []),
    listLive: async (check) => {
      const readers = clients.all().map(({ ledgers }) => ledgers.reader);
      if (check === 'now') return { sidecars: (await Promise.all(readers.map((reader) => reader.listLive()))).flat(), evidence: [] };
      const lists = await Promise.all(readers.map((reader) => reader.recallLive()));
      return { sidecars: lists.flatMap(({ sidecars }) => sidecars), evidence: lists.flatMap(({ evidence }) => evidence ?? []) };
    },
    ownStarts: () => clients.all().flatMap(({ ledgers }) => ledgers.ledger.starts()),
  });
  const kill = createKill({ pool, ladder: createLadder(pool, waiter, clock), grow: createGrow(pool), gatherProtection, clock });
  const killOnRequest = createKillOnRequest({ kill, pool, services: () => clients.all().map(({ services }) => services) });
  const freedPorts = createFreedPorts(pool);
  const findOwnedBy = (connectionId: string, ownerTag: string, signal?: AbortSignal) =>
    findOwned(pool, { starts: clients.of(connectionId).ledgers.ledger.starts(), ownerTag, signal });
  const killProcesses = createProcessKilling({
    pool,
    kill: killOnRequest,
    plans: createPlans(clock),
    gatherProtection,
    freedPorts,
    findOwned: findOwnedBy,
  });
  const portKilling = createPortKilling({ pool, ports, kill: killOnRequest, plans: createPlans(clock), gatherProtection });
  const leases = createLeases(clock, limits.leases);
  const holdPort = createHoldPort({ native: capabilities.native, platform: system.platform });
  const allocate = createAllocate({ pool, leases, holdPort, registrationsOf, clock });
  const findLeftovers = async () => {
    const owners = await Promise.all(clients.all().map(({ ledgers }) => ledgers.leftovers.findOwned()));
    return (holder: ProcessInfo) => owners.some((isOwned) => isOwned(holder));
  };
  const ensureAvailable = createEnsureAvailable({
    pool,
    ports,
    endHolders: portKilling.endHolders,
    gatherProtection,
    findOwned: findLeftovers,
    clock,
  });
  const runCleanup = createCleanup({
    pool,
    ports,
    kill,
    endHolders: portKilling.endHolders,
    plans: createPlans(clock),
    gatherProtection,
    freedPorts,
    leftoversOf: (connectionId) => clients.of(connectionId).ledgers.leftovers,
    registrationsOf,
  });
  const listenPort = createListenPort({ native: capabilities.native, platform: system.platform });
  return {
    listenPort,
    kill,
    killProcesses,
    findOwned: findOwnedBy,
    portKilling,
    leases,
    allocate,
    ensureAvailable,
    runCleanup,
    registrationsOf,
  };
}
