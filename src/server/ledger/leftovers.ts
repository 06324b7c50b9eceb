import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Glimpse } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import { removeCgroup } from '../os/cgroup.ts';
import type { DeadLedger, LedgerReader } from './reader.ts';
import type { ProcessMark, Start } from './records.ts';

/** A living process that belongs to a start. */
export interface StartedProcess {
  start: Start;
  process: Glimpse;
  /** It is what was started; false for what that has started in turn. */
  isRoot: boolean;
}

/** What dead sidecars of this app have left running. Until it is released no other successor takes it up. */
export interface Leftovers {
  found: StartedProcess[];
  /** Recorded, there, and not to be seen by this user. */
  denied: { start: Start; mark: ProcessMark }[];
  /** Looks again, and forgets those sidecars of which nothing is left. */
  settle(): Promise<void>;
  release(): Promise<void>;
}

export interface LeftoverSearch {
  find(): Promise<Leftovers>;
  /** Only who they are: by identity, as of now. */
  findOwned(): Promise<(holder: ProcessInfo) => boolean>;
}

export function createLeftoverSearch(pool: Pool, reader: LedgerReader): LeftoverSearch {
  return {
    find,
    async findOwned() {
      const { found, release } = await find();
      await release();
      const identities = new Set(found.map(({ process }) => process.identity));
      return ({ identity }) => identities.has(identity);
    },
  };

  async function find(): Promise<Leftovers> {
    const ledgers = await reader.adoptDead();
    const release = async () => {
      await Promise.all(ledgers.map((ledger) => ledger.release()));
    };
    try {
      const { found, denied } = withoutSurvivors(
        await findProcesses(
          pool,
          ledgers.flatMap(({ starts }) => starts),
        ),
      );
      return { found, denied, release, settle: () => settle(ledgers).finally(release) };
    } catch (error) {
      await release();
      throw error;
    }
  }

  async function settle(ledgers: DeadLedger[]): Promise<void> {
    const { found, denied } = await findProcesses(
      pool,
      ledgers.flatMap(({ starts }) => starts),
    );
    const open = new Set([...found, ...denied].map(({ start }) => start.startId));
    const ended = ledgers.flatMap(({ starts }) => starts).filter(({ startId }) => !open.has(startId));
    await Promise.all(ended.map(({ cgroup }) => cgroup !== undefined && removeCgroup(cgroup)));
    await Promise.all(ledgers.filter(({ starts }) => !starts.some(({ startId }) => open.has(startId))).map((ledger) => ledger.discard()));
  }
}

/** What was meant to outlive its sidecar, and does, waits for the next one: it is nobody’s leftover. */
function withoutSurvivors({ found, denied }: Pick<Leftovers, 'found' | 'denied'>): Pick<Leftovers, 'found' | 'denied'> {
  const isItself = ({ start, process, isRoot }: StartedProcess) => isRoot && process.pid === start.process?.pid;
  const surviving = new Set(found.filter((one) => one.start.persistent && isItself(one)).map(({ start }) => start.startId));
  return {
    found: found.filter(({ start }) => !surviving.has(start.startId)),
    denied: denied.filter(({ start }) => start.persistent === undefined),
  };
}

/**
 * What lives of these starts: whom the record names, by identity; who carries the id of a start, which is all there is of one
 * that was recorded as an intent only; and whoever belongs to the tree, group or session of one of those.
 */
export async function findProcesses(pool: Pool, starts: Start[]): Promise<Pick<Leftovers, 'found' | 'denied'>> {
  if (starts.length === 0) return { found: [], denied: [] };
  const recorded = starts.filter((start): start is Start & { process: ProcessMark } => start.process !== null);
  const { processes, denied } = await pool.run('describeProcesses', { targets: recorded.map(({ process }) => process) });
  const families = new Map<string, Family>(starts.map((start) => [start.startId, { start, members: new Map() }]));
  recorded.forEach((start, index) => {
    const info = processes[index];
    if (info && info.status !== 'zombie') families.get(start.startId)?.members.set(info.identity, info);
  });
  // The session of a process that is gone may be another’s by now: only a living one leads it.
  const leader = (start: Start) => (start.process !== null && families.get(start.startId)?.members.size ? start.process : null);
  const carriers = await pool.run('findStarted', {
    started: starts.map((start) => ({
      startId: start.startId,
      leader: leader(start),
      cgroup: start.cgroup ?? null,
      orphans: start.orphans ?? [],
    })),
  });
  for (const { startId, process } of carriers) families.get(startId)?.members.set(process.identity, process);

  const living = [...families.values()].filter(({ members }) => members.size > 0);
  const growths =
    living.length === 0 ? [] : await pool.run('growTrees', { questions: living.map(({ members }) => askForAll([...members.values()])) });
  return {
    found: living.flatMap((family, index) => toStarted(family, growths[index]?.found ?? [])),
    denied: recorded.filter(({ process }) => denied.includes(process.pid)).map((start) => ({ start, mark: start.process })),
  };
}

interface Family {
  start: Start;
  /** By identity. */
  members: Map<string, Glimpse>;
}

/** Who is protected is the kill’s to say: here it is about who belongs to whom. */
function askForAll(members: Glimpse[]) {
  const marks = members.map(({ pid, identity }) => ({ pid, identity, startTicks: null }));
  return { members: marks, tree: true, freeze: false, allowProtected: true, protection: { known: {} } };
}

function toStarted({ start, members }: Family, grown: Glimpse[]): StartedProcess[] {
  const all = [...members.values(), ...grown];
  const pids = new Set(all.map(({ pid }) => pid));
  // Where what was started has ended, or was never recorded, those stand for it that nobody here has started.
  const recordedPid = start.process !== null && pids.has(start.process.pid) ? start.process.pid : null;
  const isRoot = ({ pid, ppid }: Glimpse) => (recordedPid === null ? !pids.has(ppid) : pid === recordedPid);
  return all.map((process) => ({ start, process, isRoot: isRoot(process) }));
}
