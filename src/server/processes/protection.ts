import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Pool } from '../../workers/pool.ts';
import type { ProtectionFacts } from '../../workers/protection.ts';
import { findProcesses } from '../ledger/leftovers.ts';
import type { LiveSidecar } from '../ledger/reader.ts';
import type { Start } from '../ledger/records.ts';

/** Gathers what only this sidecar knows about whom not to touch. Asked anew for every kill. */
export type GatherProtection = () => Promise<ProtectionFacts>;

export interface ProtectionSources {
  pool: Pool;
  ownPid: number;
  /** What guards our services; null while nothing does. */
  guardPid(): number | null;
  /** The hosts that named themselves at initialize. */
  hostPids(): number[];
  /** All of this user, as their ledgers tell them; this one may be among them. */
  listLive(): Promise<LiveSidecar[]>;
  /** What this sidecar supervises, on disk or not. */
  ownStarts(): Start[];
}

export function createProtection({ pool, ownPid, guardPid, hostPids, listLive, ownStarts }: ProtectionSources): GatherProtection {
  const chains = new Map<number, ProcessInfo[]>();

  return async function gather() {
    // Whoever spawned us is our host, also where it gave no processId.
    const ancestry = Promise.all([ownPid, ...hostPids()].map(ancestorsOf));
    const [live, [ours = [], ...hosts], guard] = await Promise.all([listLive(), ancestry, identify(guardPid())]);
    const starts = new Map([...live.flatMap((sidecar) => sidecar.starts), ...ownStarts()].map((start) => [start.startId, start]));
    const { found } = await findProcesses(pool, [...starts.values()]);

    // What is said last holds: of ourselves we know best.
    const known: ProtectionFacts['known'] = {};
    for (const { process, start } of found) known[process.identity] = { reason: 'supervised', of: start.name };
    for (const { appId, sidecar, host, guard: theirs } of live) {
      for (const mark of [sidecar, host, theirs]) if (mark !== null) known[mark.identity] = { reason: 'liveSidecar', of: appId };
    }
    for (const { identity } of [ours, ...hosts].flat()) known[identity] = { reason: 'host' };
    const [own] = ours;
    if (own) known[own.identity] = { reason: 'sidecar' };
    if (guard !== null) known[guard] = { reason: 'guard' };
    return { known };
  };

  /** A child of ours that we have not collected: its pid is its own. */
  async function identify(pid: number | null): Promise<string | null> {
    if (pid === null) return null;
    const { processes } = await pool.run('describeProcesses', { targets: [{ pid }] });
    return processes[0]?.identity ?? null;
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
