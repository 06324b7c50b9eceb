import type { AtRest } from '../platform/atRest.ts';
import type { Glimpse, Hold, Kin, Platform } from '../platform/types.ts';
import { isMeant } from '../processRef.ts';
import { protectionOf } from '../protection.ts';
import { openRecord } from '../signalRecord.ts';
import { checkEvidence } from './checkEvidence.ts';
import type { Growth, GrowthQuestion, Member, Missed, Strike } from './growthQuestion.ts';
import { listHeldPorts } from './heldPorts.ts';
import { type Kinship, relationsOf } from './kinship.ts';
import { type SignalOutcome, strike, takeHold, withPorts } from './signalProcesses.ts';
import { awaitStandstill } from './standstill.ts';
import { orHidden } from './target.ts';

interface Known extends Member {
  place: number;
  hold: Hold | null;
  handle: number | null;
  isDue: boolean;
  isFrozen: boolean;
  /** Null while it runs. */
  rest: AtRest | null;
  /** As it was when it was found, or looked at first. */
  row: Kin | null;
  /** Stopped by somebody else; null where nobody has looked. */
  wasStopped: boolean | null;
}

const untouched = { place: -1, hold: null, handle: null, isDue: false, isFrozen: false, rest: null, row: null, wasStopped: null };

/** Somebody who may belong to the set, and the place that it would have. */
interface Candidate {
  row: Kin;
  info: Glimpse;
  handle: number | null;
  place: number;
}

/** One set of processes while it is looked at, and struck. */
export function createTree(question: GrowthQuestion, platform: Platform) {
  const { members, meant, freeze, protection, strike: order } = question;
  const { signals, processes } = platform;
  const progress = order ? openRecord(order.record) : null;
  const all: Known[] = members.map((member, place) => {
    const { handle = null, isDue = false } = order?.targets[place] ?? {};
    return { ...member, ...untouched, place, handle, isDue };
  });
  const known = new Map(all.map((member) => [member.pid, member]));
  const spared = new Map<number, Glimpse>();
  const heldPorts = new Map<number, number[]>();
  const found: Glimpse[] = [];
  let missed: Missed | undefined;
  let isOutdated = false;
  let nextPlace = Math.max(members.length, ...(progress?.from(members.length) ?? []).map(({ place }) => place + 1));

  return {
    /** False where what protects has changed: then nothing of this may be done. */
    async isFounded(): Promise<boolean> {
      // A thread that died in this step has looked, and its step is under way.
      const isBegun = progress !== null && progress.from(0).length > 0;
      for (const evidence of isBegun ? [] : (protection.evidence ?? [])) isOutdated ||= !(await checkEvidence({ evidence }, platform));
      return !isOutdated;
    },

    /** Whom a thread found that died in this step. */
    async recover(): Promise<void> {
      for (const { pid, identity, handle, place } of progress?.from(members.length) ?? []) {
        if (pid === 0) continue;
        const info = await orHidden(() => processes.glimpse(pid));
        if (info !== null && info !== 'hidden' && processes.sameIdentity(info.identity, identity)) join(info, { row: null, handle, place });
      }
    },

    /** Whoever was meant and is not known yet. */
    async lookUp(): Promise<void> {
      // It is the first that is found: a thread that died in this step had given it this place.
      const place = members.length;
      if (meant === undefined || all.some((member) => member.place === place)) return;
      const before = progress?.at(place);
      if (order && before?.isClaimed) {
        missed = { kind: 'ended', identity: before.identity, signal: order.signal };
        return;
      }
      const seen = await orHidden(() => processes.glimpseHeld(meant.pid));
      if (seen === null) missed = { kind: 'gone' };
      else if (seen === 'hidden') missed = { kind: 'denied' };
      else {
        const { info, handle } = seen;
        if (!isMeant(meant, info, processes.sameIdentity)) missed = { kind: 'identityMismatch', name: info.name };
        else if (isProtected(info)) spared.set(info.pid, info);
        else return join(info, { row: null, handle });
        signals.release(handle);
      }
    },

    async freeze(): Promise<void> {
      if (progress === null || !freeze || isOutdated) return;
      // Who has got the signal already is not stopped again: SIGKILL alone ends a fork midway.
      const stopping = all.filter(({ isDue, isFrozen }) => isDue && !isFrozen);
      for (const member of stopping) stop(member);
      // It takes them a moment, which is used.
      if (order?.notePorts) await notePorts(stopping);
      const resting = awaitStandstill(
        stopping.map(({ pid }) => pid),
        signals,
      );
      for (const member of stopping) member.rest = resting.get(member.pid) ?? null;
    },

    /** Nobody can have joined: all have stopped, none has a child or leads anything. */
    isComplete: (): boolean =>
      isOutdated ||
      !question.tree ||
      (freeze && progress !== null && all.every(({ hold, rest }) => hold?.kind === 'held' && rest?.isAlone())),

    /** Whom the next look need not look at: by pid. */
    resting: (): [number, Kin][] =>
      all.flatMap(({ pid, handle, rest, row }) => (handle !== null && rest?.isStopped && row ? [[pid, row]] : [])),

    /** Takes in who is new among these rows; false when nobody is. */
    async take(rows: Kin[]): Promise<boolean> {
      const foundBefore = found.length;
      const byPid = new Map(rows.map((row) => [row.pid, row]));
      for (const member of all) {
        if (known.get(member.pid) !== member) continue;
        member.row ??= byPid.get(member.pid) ?? null;
        member.startTicks ??= member.row?.startTicks ?? null;
      }
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
      if (isOutdated) return { isOutdated, found: [], startTicks: {}, spared: [], outcomes: {} };
      const outcomes = order ? await strikeAll(order) : {};
      const startTicks: Record<string, number> = {};
      for (const member of all) if (member.startTicks !== null) startTicks[member.identity] = member.startTicks;
      return { found, ...(missed && { missed }), startTicks, spared: [...spared.values()], outcomes };
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
    { row, handle = null, place = nextPlace }: { row: Kin | null; handle?: number | null; place?: number },
  ): void {
    const { pid, identity } = info;
    if (place === nextPlace) nextPlace += 1;
    const isDue = order?.withFound ?? false;
    const startTicks = row?.startTicks ?? null;
    const member: Known = { pid, identity, startTicks, ...untouched, row, place, handle, isDue, wasStopped: info.status === 'stopped' };
    all.push(member);
    known.set(pid, member);
    found.push(info);
    // Recorded at once, so that the handle is not lost with this thread.
    if (handle !== null) hold(member);
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
    if (held.kind !== 'held' || (member.wasStopped ?? signals.atRest(member.pid) !== null)) return;
    progress?.freezing(member.place);
    signals.send({ ...member, handle: held.handle }, 'SIGSTOP');
  }

  async function strikeAll(order: Strike): Promise<Record<string, SignalOutcome>> {
    if (progress === null) return {};
    const { signal } = order;
    const due = all.filter(({ isDue }) => isDue);
    if (order.notePorts) await notePorts(due.filter(({ pid }) => !heldPorts.has(pid)));
    const outcomes: Record<string, SignalOutcome> = {};
    // By force children first: a parent’s end may be theirs as well (libuv keeps them in a job on Windows), and then it was not us.
    for (const member of signal === 'SIGKILL' ? due.toReversed() : due) {
      const outcome = strike({ target: member, held: hold(member), place: member.place, signal }, progress, signals);
      outcomes[member.identity] = withPorts(outcome, heldPorts.get(member.pid));
    }
    return outcomes;
  }

  async function notePorts(members: Known[]): Promise<void> {
    const pids = members.map(({ pid }) => pid);
    const ports = pids.length === 0 ? null : await listHeldPorts(pids, platform);
    for (const pid of pids) heldPorts.set(pid, ports?.get(pid) ?? []);
  }

  async function takeGeneration(rows: Kin[], byPid: Map<number, Kin>, kinds: Kinship<Known>['kind'][]): Promise<void> {
    const candidates: (Candidate & { by: Kinship<Known>[] })[] = [];
    for (const row of rows) {
      if (!isCandidate(row, kinds)) continue;
      const seen = await orHidden(() => processes.glimpseHeld(row.pid));
      if (seen === null || seen === 'hidden') continue;
      candidates.push({ row, ...keep(seen), by: relationsOf(row, seen.info, known, kinds) });
    }
    // Behind the look at the newcomers: whose number they named is still whom we mean.
    const proven = new Map<string, boolean>();
    const belongs = async (relation: Kinship<Known>): Promise<boolean> => {
      const key = `${relation.kind} ${relation.to.pid}`;
      if (!proven.has(key)) proven.set(key, await isProven(relation, rows));
      return proven.get(key) === true;
    };
    const newcomers: Candidate[] = [];
    for (const { by, ...candidate } of candidates) {
      const { row, info } = candidate;
      let isNew = false;
      for (const relation of by) isNew ||= await belongs(relation);
      if (!isNew) {
        drop(candidate);
      } else if (info.status === 'zombie') {
        // Nothing to signal, but whoever is left in its group or session belongs to us.
        known.set(info.pid, { pid: info.pid, identity: info.identity, startTicks: row.startTicks, ...untouched });
      } else if (isProtected(info)) {
        spared.set(info.pid, info);
        drop(candidate);
      } else {
        newcomers.push(candidate);
      }
    }
    for (const newcomer of newcomers) {
      const { row, info, handle, place } = newcomer;
      if (isBelowSpared(row, byPid)) drop(newcomer);
      else join(info, { row, handle, place });
    }
  }

  /** Recorded at once, so that the handle is not lost with this thread. */
  function keep({ info, handle }: { info: Glimpse; handle: number | null }): Omit<Candidate, 'row'> {
    const place = nextPlace;
    nextPlace += 1;
    if (handle === null || progress?.keep(place, handle)) return { info, handle, place };
    signals.release(handle);
    return { info, handle: null, place };
  }

  function drop({ handle, place }: Candidate): void {
    if (handle === null) return;
    progress?.drop(place);
    signals.release(handle);
  }

  function isProtected(info: Glimpse): boolean {
    const judged = protectionOf(info, protection);
    return judged !== null && (judged.level === 'never' || !question.allowProtected);
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
    const now = await orHidden(() => processes.glimpse(to.pid));
    if (now === 'hidden') return false;
    if (now !== null) return processes.sameIdentity(now.identity, to.identity) && (kind !== 'parent' || now.status !== 'zombie');
    if (kind === 'parent') return false;
    return rows.some((row) => known.get(row.pid)?.startTicks === row.startTicks && (kind === 'group' ? row.pgid : row.sid) === to.pid);
  }
}
