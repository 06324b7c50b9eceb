import type { GroupUsage } from '../platform/groupUsage.ts';
import type { Kin, Platform } from '../platform/types.ts';
import { orHidden } from './target.ts';

/** A process and whoever belongs to it, as one number each. */
export interface FamilyUsage {
  /** CPU time, user and system. In a cgroup or job object of ours of all that ever ran there, else of those that live now: then it shrinks when one ends. */
  cpuMs: number;
  /** Resident memory; shared pages count in every process, unless the kernel counts for a cgroup of ours. */
  rssBytes: number;
  processes: number;
}

export interface FamilyLeader {
  pid: number;
  identity: string;
  /** Where the process that asks is the one that can ask the kernel. */
  group?: GroupUsage | null;
}

/**
 * What each of these processes uses now, together with whoever is in the cgroup or job object that we made for it; without one, with its descendants
 * and whoever is in the session that it leads. One
 * reading of all relations, however many are asked for. Null for one that has ended, or is another by now.
 */
export async function sampleFamilies(
  { leaders }: { leaders: FamilyLeader[] },
  { processes, signals }: Platform,
): Promise<{ families: (FamilyUsage | null)[] }> {
  const rows = signals.readKin();
  const children = groupBy(rows, ({ ppid }) => ppid);
  const sessions = groupBy(rows, ({ sid }) => sid);
  // A job object lists what serves a console as well, which is no one’s kin.
  const all = new Set(rows.map(({ pid }) => pid));
  const families = leaders.map(async ({ pid, identity, group: told }) => {
    const own = await orHidden(() => processes.sample(pid));
    if (own === null || own === 'hidden' || !processes.sameIdentity(own.ref.identity, identity)) return null;
    const group = told ?? (await processes.sampleCgroup(pid));
    const usage: FamilyUsage = { cpuMs: own.cpuMs, rssBytes: own.rssBytes, processes: 1 };
    const members =
      group === null
        ? membersOf(pid, children, sessions)
        : new Set(group.pids.filter((member) => member !== pid && (!told || all.has(member))));
    for (const member of members) {
      // By a bare pid: who took it a moment ago can only distort a number.
      const sample = await orHidden(() => processes.sample(member));
      if (sample === null || sample === 'hidden') continue;
      usage.cpuMs += sample.cpuMs;
      usage.rssBytes += sample.rssBytes;
      usage.processes += 1;
    }
    return { ...usage, cpuMs: group?.cpuMs ?? usage.cpuMs, rssBytes: group?.rssBytes ?? usage.rssBytes };
  });
  return { families: await Promise.all(families) };
}

function membersOf(leader: number, children: Map<number, Kin[]>, sessions: Map<number, Kin[]>): Set<number> {
  const members = new Set<number>();
  const open = [leader];
  for (const pid of open) {
    for (const kin of [...(children.get(pid) ?? []), ...(pid === leader ? (sessions.get(pid) ?? []) : [])]) {
      if (kin.pid === leader || members.has(kin.pid)) continue;
      members.add(kin.pid);
      open.push(kin.pid);
    }
  }
  return members;
}

function groupBy(rows: Kin[], keyOf: (row: Kin) => number): Map<number, Kin[]> {
  const groups = new Map<number, Kin[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}
