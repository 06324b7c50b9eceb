import type { Glimpse, Hold, Kin, Platform } from '../platform/types.ts';
import { type ProtectionFacts, protectionOf } from '../protection.ts';
import { openRecord, type SignalRecord } from '../signalRecord.ts';
import { listHeldPorts } from './heldPorts.ts';
import { type Kinship, relationsOf } from './kinship.ts';
import { noteEnds, type SignalOutcome, strike, takeHold, withPorts } from './signalProcesses.ts';
import { awaitStandstill } from './standstill.ts';
import { orHidden } from './target.ts';

/** A process that belongs to a tree already. */
export interface Member {
  pid: number;
  identity: string;
  /** From an earlier look; null before the first. */
  startTicks: number | null;
}

export interface GrowthQuestion {
  members: Member[];
  /** Stop every member while looking, so that none can fork away from under the look. Only together with `strike`. */
  freeze: boolean;
  allowProtected: boolean;
  protection: ProtectionFacts;
  /** Signals them in the same breath, so that nobody is left stopped between two tasks. */
  strike?: Strike;
}

export interface Strike {
  signal: string;
  record: SignalRecord;
  /** In the order of the members: their handles, and who is to be signalled. */
  targets: { handle: number | null; isDue: boolean }[];
  /** Those that are found are signalled too. */
  withFound: boolean;
  notePorts: boolean;
}

export interface Growth {
  /** New members, parents first. */
  found: Glimpse[];
  /** Of every member that was seen, by identity: hand them back with the next look. */
  startTicks: Record<string, number>;
  /** Belongs to the tree but is protected; neither it nor what is below it was touched. */
  spared: Glimpse[];
  /** By identity, of whom the strike was meant for. */
  outcomes: Record<string, SignalOutcome>;
}

/**
 * Who belongs to a set of processes and is not in it yet: children of its members, and members of a group or session
 * whose leader is among them; by identity. Looks again until a look that began when all known ones had stopped finds nobody new:
 * then the set is complete. Many sets share the reading, which is what costs.
 */
export async function growTrees({ questions }: { questions: GrowthQuestion[] }, platform: Platform): Promise<Growth[]> {
  const trees = questions.map((question) => createTree(question, platform));
  try {
    for (const tree of trees) await tree.recover();
    for (let growing = trees, looks = 0; growing.length > 0 && looks < mostLooks; looks += 1) {
      for (const tree of growing) tree.freeze();
      const looking = growing.filter((tree) => !tree.isComplete());
      const rows = looking.length === 0 ? [] : platform.signals.readKin();
      growing = [];
      for (const tree of looking) if (await tree.take(rows)) growing.push(tree);
    }
    const growths = [];
    for (const tree of trees) growths.push(await tree.finish());
    noteEnds(
      growths.flatMap(({ outcomes }) => Object.values(outcomes)),
      platform.signals,
    );
    return growths;
  } finally {
    for (const tree of trees) tree.thaw();
  }
}

/** What forks and ends faster than we can look is not caught by looking: the next step looks again. */
const mostLooks = 30;

interface Known extends Member {
  place: number;
  hold: Hold | null;
  handle: number | null;
  isDue: boolean;
  isFrozen: boolean;
  /** Stopped by somebody else; null where nobody has looked. */
  wasStopped: boolean | null;
}

function createTree({ members, freeze, allowProtected, protection, strike: order }: GrowthQuestion, platform: Platform) {
  const { signals } = platform;
  const progress = order ? openRecord(order.record) : null;
  const all: Known[] = members.map((member, place) => {
    const { handle = null, isDue = false } = order?.targets[place] ?? {};
    return { ...member, place, hold: null, handle, isDue, isFrozen: false, wasStopped: null };
  });
  const known = new Map(all.map((member) => [member.pid, member]));
  const spared = new Map<number, Glimpse>();
  const found: Glimpse[] = [];
  let nextPlace = Math.max(members.length, ...(progress?.from(members.length) ?? []).map(({ place }) => place + 1));

  return {
    /** Whom a thread found that died in this step. */
    async recover(): Promise<void> {
      for (const { pid, identity, handle, place } of progress?.from(members.length) ?? []) {
        const info = await orHidden(() => platform.processes.glimpse(pid));
        if (info !== null && info !== 'hidden' && platform.processes.sameIdentity(info.identity, identity))
          join(info, { startTicks: null, handle, place });
      }
    },

    freeze(): void {
      if (progress === null || !freeze) return;
      // Who has got the signal already is not stopped again: SIGKILL alone ends a fork midway.
      const stopping = all.filter(({ isDue, isFrozen }) => isDue && !isFrozen);
      for (const member of stopping) stop(member);
      awaitStandstill(
        stopping.map(({ pid }) => pid),
        signals,
      );
    },

    /** Nobody can have joined: all have stopped, none has a child or leads anything. */
    isComplete: (): boolean => freeze && progress !== null && all.every(({ pid, hold }) => hold?.kind === 'held' && signals.isAlone(pid)),

    /** Takes in who is new among these rows; false when nobody is. */
    async take(rows: Kin[]): Promise<boolean> {
      const foundBefore = found.length;
      const byPid = new Map(rows.map((row) => [row.pid, row]));
      for (const member of all) if (known.get(member.pid) === member) member.startTicks ??= byPid.get(member.pid)?.startTicks ?? null;
      // The rows tell of all generations at once. Children first: who is spared is known before a group or session is asked.
      const size = () => known.size + spared.size;
      for (let before = -1; before !== size(); ) {
        before = size();
        await takeGeneration(rows, byPid, ['parent']);
        if (before === size()) await takeGeneration(rows, byPid, ['group', 'session']);
      }
      return found.length > foundBefore;
    },

    async finish(): Promise<Growth> {
      const outcomes = order ? await strikeAll(order) : {};
      const startTicks: Record<string, number> = {};
      for (const member of all) if (member.startTicks !== null) startTicks[member.identity] = member.startTicks;
      return { found, startTicks, spared: [...spared.values()], outcomes };
    },

    /** Whoever is still stopped by us goes on. */
    thaw(): void {
      if (progress === null) return;
      for (const { place } of all) {
        const recorded = progress.at(place);
        if (!recorded?.isFrozen) continue;
        signals.send(recorded, 'SIGCONT');
        progress.continued(place);
      }
    },
  };

  function join(
    info: Glimpse,
    { startTicks, handle = null, place = nextPlace }: { startTicks: number | null; handle?: number | null; place?: number },
  ): void {
    const { pid, identity } = info;
    if (place === nextPlace) nextPlace += 1;
    const member = {
      pid,
      identity,
      startTicks,
      place,
      hold: null,
      handle,
      isDue: order?.withFound ?? false,
      isFrozen: false,
      wasStopped: info.status === 'stopped',
    };
    all.push(member);
    known.set(pid, member);
    found.push(info);
  }

  function hold(member: Known): Hold {
    if (progress === null) return { kind: 'gone' };
    member.hold ??= takeHold(member, member.place, progress, signals);
    return member.hold;
  }

  function stop(member: Known): void {
    member.isFrozen = true;
    const held = hold(member);
    // One that somebody else has stopped stays so when it is left alone in the end.
    if (held.kind !== 'held' || (member.wasStopped ?? signals.hasStopped(member.pid))) return;
    progress?.freezing(member.place);
    signals.send({ ...member, handle: held.handle }, 'SIGSTOP');
  }

  async function strikeAll({ signal, notePorts }: Strike): Promise<Record<string, SignalOutcome>> {
    if (progress === null) return {};
    const due = all.filter(({ isDue }) => isDue);
    const ports =
      notePorts && due.length > 0
        ? await listHeldPorts(
            due.map(({ pid }) => pid),
            platform,
          )
        : null;
    const outcomes: Record<string, SignalOutcome> = {};
    for (const member of due) {
      const outcome = strike({ target: member, held: hold(member), place: member.place, signal }, progress, signals);
      outcomes[member.identity] = withPorts(outcome, ports?.get(member.pid));
    }
    return outcomes;
  }

  async function takeGeneration(rows: Kin[], byPid: Map<number, Kin>, kinds: Kinship<Known>['kind'][]): Promise<void> {
    const candidates: { row: Kin; info: Glimpse; by: Kinship<Known>[] }[] = [];
    for (const row of rows) {
      if (!isCandidate(row, kinds)) continue;
      const info = await orHidden(() => platform.processes.glimpse(row.pid));
      if (info !== null && info !== 'hidden') candidates.push({ row, info, by: relationsOf(row, info, known, kinds) });
    }
    // Behind the look at the newcomers: whose number they named is still whom we mean.
    const proven = new Map<string, boolean>();
    const belongs = async (relation: Kinship<Known>): Promise<boolean> => {
      const key = `${relation.kind} ${relation.to.pid}`;
      if (!proven.has(key)) proven.set(key, await isProven(relation, rows));
      return proven.get(key) === true;
    };
    const newcomers = [];
    for (const { row, info, by } of candidates) {
      let isNew = false;
      for (const relation of by) isNew ||= await belongs(relation);
      if (!isNew) continue;
      if (info.status === 'zombie') {
        // Nothing to signal, but whoever is left in its group or session belongs to us.
        known.set(info.pid, {
          pid: info.pid,
          identity: info.identity,
          startTicks: row.startTicks,
          place: -1,
          hold: null,
          handle: null,
          isDue: false,
          isFrozen: false,
          wasStopped: null,
        });
        continue;
      }
      const judged = protectionOf(info, protection);
      if (judged !== null && (judged.level === 'never' || !allowProtected)) spared.set(info.pid, info);
      else newcomers.push({ row, info });
    }
    for (const { row, info } of newcomers) if (!isBelowSpared(row, byPid)) join(info, { startTicks: row.startTicks });
  }

  function isCandidate(row: Kin, kinds: Kinship<Known>['kind'][]): boolean {
    const namesake = known.get(row.pid);
    const isMember = namesake !== undefined && (namesake.startTicks === null || namesake.startTicks === row.startTicks);
    if (isMember || spared.has(row.pid)) return false;
    return relationsOf(row, row, known, kinds).some(({ to }) => to.startTicks !== null && to.startTicks <= row.startTicks);
  }

  function isBelowSpared(row: Kin, byPid: Map<number, Kin>): boolean {
    for (let above = byPid.get(row.ppid), steps = 0; above !== undefined && steps < byPid.size; above = byPid.get(above.ppid), steps += 1) {
      if (spared.has(above.pid)) return true;
      if (known.has(above.pid)) return false;
    }
    return false;
  }

  /**
   * The member’s pid may have been given away since. A group or session keeps its number while anybody is in it, also without
   * its leader: then a zombie of the leader holds the number, or a living member shows that the group is still the same.
   */
  async function isProven({ kind, to }: Kinship<Known>, rows: Kin[]): Promise<boolean> {
    const now = await orHidden(() => platform.processes.glimpse(to.pid));
    if (now === 'hidden') return false;
    if (now !== null) return platform.processes.sameIdentity(now.identity, to.identity) && (kind !== 'parent' || now.status !== 'zombie');
    if (kind === 'parent') return false;
    return rows.some((row) => known.get(row.pid)?.startTicks === row.startTicks && (kind === 'group' ? row.pgid : row.sid) === to.pid);
  }
}
