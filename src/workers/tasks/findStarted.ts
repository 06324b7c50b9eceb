import type { ProcessInfo } from '../../protocol/types/process.ts';
import { startVariable } from '../platform/parse/environ.ts';
import type { Kin, Platform, Processes } from '../platform/types.ts';
import { orHidden } from './target.ts';

/** One start of ours, by the id that everything it started carries in its environment. */
export interface Started {
  startId: string;
  /**
   * The process that was started, where it led a session of its own and ended only now: what is still in that session counts
   * too, whatever its environment. Later the number of the session may be another’s; then null.
   */
  leader: { pid: number; identity: string } | null;
  /** The cgroup that was made for it; whatever is in there counts. */
  cgroup?: string | null;
  /** Belong to it, whatever their session and environment. */
  orphans?: { pid: number; identity: string }[];
  /** When it was started, in the system’s own unit, where that is known: whoever is older is none of it, and not looked at. */
  sinceTicks?: number | null;
}

interface Found {
  startId: string;
  process: ProcessInfo;
}

/** The living processes that belong to these starts. One pass over all processes, however many starts are asked for. */
export async function findStarted({ started }: { started: Started[] }, { processes, signals }: Platform): Promise<Found[]> {
  const wanted = new Set(started.map(({ startId }) => startId));
  const sessions = await readSessions(started, processes);
  const groups = await readGroups(started, processes);
  const found: Found[] = [];
  const sinceTicks = Math.min(...started.map((one) => one.sinceTicks ?? 0));
  for (const row of signals.readKin()) {
    if (row.startTicks < sinceTicks) continue;
    const carried = await processes.readVariable(row.pid, startVariable);
    const carries = carried !== null && wanted.has(carried.value) ? carried.value : undefined;
    const startId = groups.get(row.pid) ?? carries ?? sessionOf(row, sessions);
    if (startId === undefined) continue;
    const info = await orHidden(() => processes.describe(row.pid));
    if (info === null || info === 'hidden' || info.status === 'zombie') continue;
    const isItself =
      groups.has(row.pid) ||
      (carried?.value === startId ? processes.sameIdentity(carried.identity, info.identity) : sessionOf(asKin(info), sessions) === startId);
    if (isItself) found.push({ startId, process: info });
  }
  // Whoever is in its group before the look and after it was there when it was looked at.
  const groupsNow = groups.size === 0 ? groups : await readGroups(started, processes);
  const members = found.filter(({ startId, process: { pid } }) => groups.get(pid) !== startId || groupsNow.get(pid) === startId);
  return [...members, ...(await findOrphans(started, members, processes))];
}

async function findOrphans(started: Started[], members: Found[], processes: Processes): Promise<Found[]> {
  const known = new Set(members.map(({ process }) => process.identity));
  const found: Found[] = [];
  for (const { startId, orphans = [] } of started) {
    for (const { pid, identity } of orphans) {
      const process = await orHidden(() => processes.describe(pid));
      if (process === null || process === 'hidden' || process.status === 'zombie' || known.has(process.identity)) continue;
      if (processes.sameIdentity(process.identity, identity)) found.push({ startId, process });
    }
  }
  return found;
}

/** Pid → start. */
async function readGroups(started: Started[], processes: Processes): Promise<Map<number, string>> {
  const groups = new Map<number, string>();
  for (const { startId, cgroup } of started) {
    if (cgroup == null) continue;
    for (const pid of await processes.listCgroup(cgroup)) groups.set(pid, startId);
  }
  return groups;
}

/** Session number → start, for those whose number is not another process’s by now. */
async function readSessions(started: Started[], processes: Processes): Promise<Map<number, string>> {
  const sessions = new Map<number, string>();
  for (const { startId, leader } of started) {
    if (leader === null) continue;
    const now = await orHidden(() => processes.identify(leader.pid));
    if (now === null || (now !== 'hidden' && processes.sameIdentity(now, leader.identity))) sessions.set(leader.pid, startId);
  }
  return sessions;
}

const sessionOf = ({ sid, pgid }: Pick<Kin, 'sid' | 'pgid'>, sessions: Map<number, string>): string | undefined =>
  sessions.get(sid) ?? sessions.get(pgid);

const asKin = ({ sid = 0, pgid = 0 }: ProcessInfo) => ({ sid, pgid });
