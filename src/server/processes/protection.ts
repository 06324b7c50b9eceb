import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Evidence } from '../../workers/evidence.ts';
import type { Pool } from '../../workers/pool.ts';
import type { ProtectionFacts } from '../../workers/protection.ts';
import { findProcesses } from '../ledger/leftovers.ts';
import type { LiveSidecar } from '../ledger/liveLists.ts';
import type { Start } from '../ledger/records.ts';

/**
 * Gathers what only this sidecar knows about whom not to touch. Asked anew for every kill. With `later` what is known of other
 * sidecars is not checked but has its evidence with it: whoever acts on it looks first whether that still stands.
 */
export type GatherProtection = (check?: 'now' | 'later') => Promise<ProtectionFacts>;

export interface ProtectionSources {
  pool: Pool;
  ownPid: number;
  /** What guards our services: children of ours. */
  guardPids(): number[];
  /** The hosts that named themselves at initialize. */
  hostPids(): number[];
  /** All of this user, as their ledgers tell them; this one may be among them. */
  listLive(check: 'now' | 'later'): Promise<{ sidecars: LiveSidecar[]; evidence: Evidence[] }>;
  /** What this sidecar supervises, on disk or not. */
  ownStarts(): Start[];
}

export function createProtection({ pool, ownPid, guardPids, hostPids, listLive, ownStarts }: ProtectionSources): GatherProtection {
  const chains = new Map<number, ProcessInfo[]>();
  let guards = new Map<number, string>();

  return async function gather(check = 'now') {
    // Whoever spawned us is our host, also where it gave no processId.
    const ancestry = Promise.all([ownPid, ...hostPids()].map(ancestorsOf));
    const [{ sidecars: live, evidence }, [ours = [], ...hosts], guardIdentities] = await Promise.all([
      listLive(check),
      ancestry,
      identifyGuards(guardPids()),
    ]);
    const starts = new Map([...live.flatMap((sidecar) => sidecar.starts), ...ownStarts()].map((start) => [start.startId, start]));
    const { found } = await findProcesses(pool, [...starts.values()]);

    // What is said last holds: of ourselves we know best.
    const known: ProtectionFacts['known'] = {};
    for (const { process, start } of found) known[process.identity] = { reason: 'supervised', of: start.name };
    for (const { appId, sidecar, host, guards: theirs } of live) {
      for (const mark of [sidecar, host, ...theirs]) if (mark !== null) known[mark.identity] = { reason: 'liveSidecar', of: appId };
    }
    for (const { identity } of [ours, ...hosts].flat()) known[identity] = { reason: 'host' };
    const [own] = ours;
    if (own) known[own.identity] = { reason: 'sidecar' };
    for (const identity of guardIdentities) known[identity] = { reason: 'guard' };
    return { known, ...(evidence.length > 0 && { evidence }) };
  };

  /** Children of ours that we have not collected: as long as one has its pid it is the same one. */
  async function identifyGuards(pids: number[]): Promise<Iterable<string>> {
    if (pids.length === guards.size && pids.every((pid) => guards.has(pid))) return guards.values();
    const { processes } = await pool.run('describeProcesses', { targets: pids.map((pid) => ({ pid })) });
    const found = new Map(processes.flatMap((info) => (info === null ? [] : [[info.pid, info.identity]])));
    guards = found;
    return found.values();
  }

  /** Looked up once: a process whose parent ends is given to another of its ancestors (kernel/exit.c, find_new_reaper). */
  async function ancestorsOf(pid: number): Promise<ProcessInfo[]> {
    const known = chains.get(pid);
    if (known) return known;
    const { processes } = await pool.run('listAncestors', { of: { pid } });
    // Cut short where one ended under the look.
    if (processes.at(-1)?.ppid === 0) chains.set(pid, processes);
    return processes;
  }
}
