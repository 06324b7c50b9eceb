import type { Clock, Timer } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { ProcessMark } from '../../ledger/records.ts';
import type { Reaper } from '../../os/reaper.ts';

/**
 * Whose the orphans are that came to us. One that has left its session and its environment behind says nothing of where it comes
 * from: then it belongs to every start that ran when it was found, and ends with the last of them.
 */
export interface Orphans {
  begin(startId: string, start: { needsLooks: boolean; isPersistent: boolean }): Promise<void>;
  /** From now on it takes its orphans along. */
  ending(startId: string): void;
  /** Those that end with this start; looks first. */
  membersOf(startId: string): Promise<ProcessMark[]>;
  end(startId: string): void;
}

export interface OrphansParts {
  reaper: Reaper;
  /** The start that a process names in its environment, if it names one; null for a process that is gone. */
  identify(pid: number): Promise<{ identity: string; startId: string | null } | null>;
  /** One that names none was found, or belongs to another start now: for the guard, and for the ledger. */
  onFound(startId: string, orphan: ProcessMark): void;
  clock: Clock;
  log: Log;
}

/** What an end has to be followed by at once comes first; many ends are one look. */
const lookAfterMs = 10;
/** An orphan whose parent was no child of ours comes without a signal. Reading a list of a few numbers costs some 20 µs. */
const lookEveryMs = 1_000;

export function createOrphans({ reaper, identify, onFound, clock, log }: OrphansParts): Orphans {
  /** Each with those that it may belong to. Those that name their start are found by that. */
  const orphans = new Map<number, Orphan>();
  const starts = new Map<string, { needsLooks: boolean; isPersistent: boolean; isEnding: boolean }>();
  let begun: Promise<boolean> | null = null;
  let last: Promise<void> = Promise.resolve();
  let isQueued = false;
  let timer: Timer | null = null;
  let soon: Timer | null = null;

  return {
    async begin(startId, start) {
      begun ??= beginAll();
      starts.set(startId, { ...start, isEnding: false });
      if ((await begun) && timer === null) schedule();
    },
    ending(startId) {
      const start = starts.get(startId);
      if (start !== undefined) start.isEnding = true;
    },
    async membersOf(startId) {
      await look();
      return [...orphans.values()]
        .filter(({ suspects }) => suspects.has(startId) && [...suspects].every((id) => starts.get(id)?.isEnding ?? true))
        .map(({ mark }) => mark);
    },
    end(startId) {
      starts.delete(startId);
      for (const { suspects, mark } of orphans.values()) {
        const [first] = suspects;
        if (!suspects.delete(startId)) continue;
        const [next] = suspects;
        if (first === startId && next !== undefined) onFound(next, mark);
      }
    },
  };

  async function beginAll(): Promise<boolean> {
    const isReaping = await reaper.begin().catch(() => false);
    if (isReaping) reaper.onChildEnd(lookSoon);
    else log.debug({}, 'orphans of services go to init here, and are found by their mark and their session alone');
    return isReaping;
  }

  /** While anything runs that no cgroup holds. */
  function schedule(): void {
    timer = null;
    if (![...starts.values()].some(({ needsLooks }) => needsLooks)) return;
    timer = clock.setTimer(lookEveryMs, () => {
      void look();
      schedule();
    });
  }

  function lookSoon(): void {
    if (soon !== null) return;
    soon = clock.setTimer(lookAfterMs, () => {
      soon = null;
      void look();
    });
  }

  /** One that begins after this was called; all who ask while it waits share it. */
  function look(): Promise<void> {
    if (isQueued) return last;
    isQueued = true;
    last = last.then(lookOnce).catch((error: unknown) => log.debug({ err: error }, 'the orphans of services could not be looked at'));
    return last;
  }

  async function lookOnce(): Promise<void> {
    isQueued = false;
    const pids = new Set(await reaper.look());
    for (const pid of orphans.keys()) if (!pids.has(pid)) orphans.delete(pid);
    for (const pid of pids) {
      const found = await identify(pid);
      const known = orphans.get(pid);
      if (found === null || known?.mark.identity === found.identity) continue;
      if (found.startId !== null) orphans.delete(pid);
      else take({ pid, identity: found.identity });
    }
  }

  function take(mark: ProcessMark): void {
    // The guard ends what is the first’s, and does not know of those that outlive us.
    const ids = [...starts.keys()];
    const isPersistent = (id: string) => starts.get(id)?.isPersistent ?? false;
    const suspects = new Set([...ids.filter(isPersistent), ...ids.filter((id) => !isPersistent(id))]);
    orphans.set(mark.pid, { mark, suspects });
    const [first] = suspects;
    if (first !== undefined) onFound(first, mark);
  }
}

interface Orphan {
  mark: ProcessMark;
  suspects: Set<string>;
}
