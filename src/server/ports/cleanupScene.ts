import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { ManagedPort } from '../../protocol/types/registration.ts';
import type { Glimpse } from '../../workers/platform/types.ts';
import { type ProtectionFacts, protectionOf } from '../../workers/protection.ts';
import type { Leftovers, StartedProcess } from '../ledger/leftovers.ts';
import { type KillOptions, type PlainOutcome, protectedOutcome } from '../processes/kill.ts';

/* Who is to be ended in a clean-up, and who is not, and why: decided here, carried out in cleanup.ts. */

/** What was found: whom dead sidecars have left, and who holds the registered ports. */
export interface Scene {
  leftovers: StartedProcess[];
  denied: Leftovers['denied'];
  ports: { port: ManagedPort; holders: ProcessInfo[] }[];
}

/** What is ended together. */
export interface Group {
  targets: Glimpse[];
  /** Belongs here and is not touched. */
  spared: PlainOutcome[];
}

export interface CleanupOrder {
  evict: 'owned' | 'any';
  options: KillOptions;
  protection: ProtectionFacts;
}

/** Everybody is in one group only: a leftover that holds a port is ended as a leftover. */
export function divide(scene: Scene, order: CleanupOrder): { leftovers: Group; ports: Group[] } {
  const leftovers = divideLeftovers(scene, order);
  const taken = new Set([...leftovers.targets, ...leftovers.spared.map(({ process }) => process)].map(({ identity }) => identity));
  const ports = scene.ports.map(({ holders }): Group => {
    const others = holders.filter(({ identity }) => !taken.has(identity));
    if (order.evict === 'owned') return { targets: [], spared: others.map(notOwned) };
    for (const { identity } of others) taken.add(identity);
    return { targets: others, spared: [] };
  });
  return { leftovers, ports };
}

/** Without `tree` only what was started itself, and what holds a port. */
function divideLeftovers({ leftovers, denied, ports }: Scene, { options, protection }: CleanupOrder): Group {
  const holders = new Set(ports.flatMap((port) => port.holders).map(({ identity }) => identity));
  const meant = leftovers
    .filter(({ process, isRoot }) => options.tree || isRoot || holders.has(process.identity))
    .map(({ process }) => process);
  const sheltered = options.allowProtected
    ? new Map<string, Glimpse>()
    : findSheltered(
        leftovers.map(({ process }) => process),
        protection,
      );
  return {
    targets: meant.filter(({ identity }) => !sheltered.has(identity)),
    spared: [
      ...meant.flatMap((info) => {
        const above = sheltered.get(info.identity);
        return above ? [protectedOutcome(info, { sentence: `It belongs to ${above.name} (pid ${above.pid}), which is protected.` })] : [];
      }),
      ...denied.map(
        ({ start, mark }): PlainOutcome => ({ process: { ...mark, name: start.name }, outcome: 'denied', reason: hidden, elapsedMs: 0 }),
      ),
    ],
  };
}

/**
 * What runs below a protected process is protected with it: a service can start the app anew, and then our own host and
 * all that it has started carry the mark of the dead sidecar. Who it is below, by identity.
 */
function findSheltered(processes: Glimpse[], protection: ProtectionFacts): Map<string, Glimpse> {
  const byPid = new Map(processes.map((info) => [info.pid, info]));
  const sheltered = new Map<string, Glimpse>();
  for (const info of processes) {
    const seen = new Set<number>();
    for (let above = byPid.get(info.ppid); above !== undefined && !seen.has(above.pid); above = byPid.get(above.ppid)) {
      seen.add(above.pid);
      if (protectionOf(above, protection) === null) continue;
      sheltered.set(info.identity, above);
      break;
    }
  }
  return sheltered;
}

const hidden = 'It is there, but this user may not see whether it is the one that was recorded; its owner or root may.';

function notOwned(info: ProcessInfo): PlainOutcome {
  return protectedOutcome(info, {
    sentence: `${info.name} (pid ${info.pid}) was not left behind by an earlier run of this app; evict: any would end it.`,
  });
}
