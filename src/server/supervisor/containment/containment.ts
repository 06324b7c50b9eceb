import { join } from 'node:path';
import type { Log } from '../../../log.ts';
import type { GroupUsage } from '../../../workers/platform/groupUsage.ts';
import type { ProcessMark } from '../../ledger/records.ts';
import { isInCgroup, killCgroup, makeCgroup, removeCgroup, removeIfEmpty } from '../../os/cgroup.ts';
import type { ReadTicks } from '../../os/ticks.ts';
import type { Guard } from './guard.ts';
import type { Orphans } from './orphans.ts';

/** What keeps all that a start has started together, so that it ends with it and does not outlive the sidecar. */
export interface Containment {
  /** What a start would get now; decides nothing. */
  readonly kind: ContainmentKind;
  /** Where the cgroup of a start will be, to be recorded before there is one; null where there will be none. */
  cgroupOf(startId: string): string | null;
  /** Before the spawn: makes the cgroup and tells the guard. */
  prepare(start: StartOrder): Promise<Contained>;
  /** What the system counts for the start with this process, where only this process can ask it; null where the threads ask. */
  usageOf(pid: number): GroupUsage | null;
  /** Of what an earlier sidecar has started and left to us; the guard is not told of it. */
  resume(start: ResumedStart): Promise<Contained>;
}

export type ContainmentKind = 'job' | 'cgroup' | 'processGroup' | 'none';

export interface StartOrder {
  startId: string;
  signal: string;
  graceMs: number;
  /** It is to outlive us, as soon as `letGo` is called. */
  isPersistent?: boolean;
  /** It is nobody’s yet. */
  isParked?: boolean;
}

export interface ResumedStart {
  startId: string;
  pid: number;
  cgroup: string | null;
  orphans: readonly ProcessMark[];
}

/** One start, contained. */
export interface Contained {
  /** To begin in; null where there is none. */
  readonly cgroup: string | null;
  /** When it began, in clock ticks since boot; null before it was seen, and where it ended too soon for that. */
  readonly sinceTicks: number | null;
  /** It was nobody’s, and is a start from now on: it is asked to end, where it was killed. */
  dedicate(stop: Pick<StartOrder, 'signal' | 'graceMs'>): void;
  /** After the spawn, with the cgroup that it really is in. Resolves with what holds it. */
  started(pid: number, cgroup: string | null): Promise<ContainmentKind>;
  /** A successor knows of it by now: from here on it does not end with us. */
  letGo(): void;
  /** Its end has begun: what it shares with other starts that are ending is its own from now on. */
  ending(): void;
  /** Orphans of it that neither its cgroup, its session nor its mark shows; looks first. */
  orphans(): Promise<ProcessMark[]>;
  /** SIGKILL to all that is in the cgroup. */
  force(): Promise<void>;
  /** Its process has ended. True where the kernel says that nobody of it lives; else that has to be looked for. */
  isEmpty(): Promise<boolean>;
  /** Nothing of it is left, or nothing was started. */
  release(): Promise<void>;
}

export interface ContainmentParts {
  guard: Guard;
  orphans: Orphans;
  readTicks: ReadTicks;
  /** The directory for our cgroups, which is made when it is needed; null where we may make none. */
  cgroups: string | null;
  log: Log;
}

export function createContainment({ guard, orphans, readTicks, cgroups, log }: ContainmentParts): Containment {
  const cgroupOf = (startId: string) => (cgroups === null ? null : join(cgroups, startId));
  return {
    kind: cgroups === null ? 'processGroup' : 'cgroup',
    cgroupOf,
    usageOf: () => null,

    async resume({ pid, cgroup: recorded, orphans: known }) {
      const cgroup = recorded !== null && (await isInCgroup(pid, recorded)) ? recorded : null;
      return {
        ...uncontained,
        cgroup,
        started: async () => (cgroup === null ? 'processGroup' : 'cgroup'),
        // Its later ones go to init, as it did itself.
        orphans: async () => [...known],
        force: () => force(cgroup),
        async release() {
          if (cgroup !== null) await removeCgroup(cgroup);
        },
      };
    },

    async prepare({ startId, signal, graceMs, isPersistent = false, isParked = false }) {
      const cgroup = await make(cgroupOf(startId));
      // An orphan is never one of a start that is nobody’s.
      if (!isParked) await orphans.begin(startId, { needsLooks: cgroup === null, isPersistent });
      const isGuarded = await guard.add({ startId, signal, graceMs, cgroup });
      let sinceTicks: number | null = null;
      let isInside = false;
      let isReleased = false;
      return {
        cgroup,
        dedicate(stop) {
          if (isReleased) return;
          void orphans.begin(startId, { needsLooks: false, isPersistent: false });
          guard.change({ startId, cgroup, ...stop });
        },
        get sinceTicks() {
          return sinceTicks;
        },
        async started(pid, entered) {
          isInside = entered !== null;
          const mark = await readTicks(pid);
          sinceTicks = mark?.startTicks ?? null;
          if (mark !== null) guard.lead(startId, mark);
          if (isInside) return 'cgroup';
          return isGuarded ? 'processGroup' : 'none';
        },
        letGo: () => guard.remove(startId),
        isEmpty: async () => isInside && cgroup !== null && (await removeIfEmpty(cgroup)),
        ending: () => orphans.ending(startId),
        orphans: () => orphans.membersOf(startId),
        force: () => force(cgroup),
        async release() {
          isReleased = true;
          orphans.end(startId);
          guard.remove(startId);
          if (cgroup !== null) await removeCgroup(cgroup);
        },
      };
    },
  };

  async function force(cgroup: string | null): Promise<void> {
    if (cgroup !== null) await killCgroup(cgroup);
  }

  async function make(cgroup: string | null): Promise<string | null> {
    if (cgroup === null) return null;
    try {
      await makeCgroup(cgroup);
      return cgroup;
    } catch (error) {
      log.warn({ err: error, cgroup }, 'no cgroup could be made; a service is held by its process group and its mark instead');
      return null;
    }
  }
}

/** Before it is prepared, and where that failed. */
export const uncontained: Contained = {
  cgroup: null,
  sinceTicks: null,
  dedicate: () => {},
  started: async () => 'none',
  isEmpty: async () => false,
  letGo: () => {},
  ending: () => {},
  orphans: async () => [],
  force: async () => {},
  release: async () => {},
};
