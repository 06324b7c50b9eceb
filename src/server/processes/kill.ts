import type { Clock } from '../../clock.ts';
import type { KillOutcome } from '../../protocol/types/kill.ts';
import type { ProcessInfo, ProcessRef } from '../../protocol/types/process.ts';
import type { Glimpse } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import { type Protection, type ProtectionFacts, protectionOf } from '../../workers/protection.ts';
import type { Missed } from '../../workers/tasks/growthQuestion.ts';
import type { Grow } from './growth.ts';
import type { Climber, Ladder } from './ladder.ts';
import type { GatherProtection } from './protection.ts';
import { createSteps } from './steps.ts';

/** How a set of processes is to be ended; the defaults of the contract are applied. */
export interface KillOptions {
  tree: boolean;
  signal: string;
  graceMs: number;
  /** After this those that take no notice of Ctrl-Break are asked to close their windows; half of the grace unless it is told. */
  otherWayMs?: number;
  force: boolean;
  allowProtected: boolean;
}

export interface KillOrder {
  /** Whom, by the identity in it. */
  roots: Glimpse[];
  /** One more, not looked up yet: the first step finds it, judges it and signals it in one go. */
  meant?: ProcessRef;
  options: KillOptions;
  /** Only the roots are touched; what grows out of them is left and listed (a plan that is executed). */
  fixed?: boolean;
  protection: ProtectionFacts;
  /** The outcomes tell which TCP ports each of them listened on before its first signal. */
  notePorts?: boolean;
  /** Aborting it stops further escalation; what was begun is still answered. */
  signal: AbortSignal;
  onRung?(rung: { signal: string; processes: number }): void;
}

export type PlainOutcome = Omit<KillOutcome, 'freedPorts'> & { heldPorts?: number[]; freedPorts?: number[] };
export type Kill = (order: KillOrder) => Promise<PlainOutcome[]>;

export interface KillParts {
  pool: Pool;
  ladder: Ladder;
  grow: Grow;
  /** For facts that turn out to be outdated. */
  gatherProtection: GatherProtection;
  clock: Clock;
}

/** While some are dying others may still be born: how often we look, for them and for an end that the waiter cannot see. */
const lookIntervalMs = 100;
/** A process that SIGKILL does not end within this waits in the kernel, and may do so for ever. */
const confirmMs = 5_000;

/** Politely, then by force, on one set that is fixed by identity and only ever grows. */
export function createKill({ pool, ladder, grow, gatherProtection, clock }: KillParts): Kill {
  const steps = createSteps({ pool, ladder, grow });

  return async function kill({ roots, meant, options, fixed = false, protection: gathered, notePorts = false, signal, onRung }) {
    const set = createTargetSet();
    const spared: PlainOutcome[] = [];
    let unknown = meant;
    let protection = gathered;
    for (const info of roots) {
      const judged = protectionOf(info, protection);
      if (judged && (judged.level === 'never' || !options.allowProtected)) spared.push(protectedOutcome(info, judged));
      else set.add(info);
    }
    try {
      await descend('polite');
      if (options.force && !signal.aborted && set.living().length > 0) await descend('forced');
      return [...(await report()), ...spared];
    } finally {
      ladder.leave(set.climbers);
    }

    async function descend(rung: 'polite' | 'forced'): Promise<void> {
      const name = rung === 'forced' ? 'SIGKILL' : options.signal;
      const beginMs = clock.monotonicMs();
      const deadlineMs = beginMs + (rung === 'forced' ? confirmMs : options.graceMs);
      const otherWayAtMs = beginMs + (options.otherWayMs ?? options.graceMs / 2);
      await step(name, !fixed);
      for (;;) {
        const remainingMs = deadlineMs - clock.monotonicMs();
        if (set.living().length === 0 || remainingMs <= 0 || signal.aborted) return;
        if (rung === 'polite' && set.living().every(({ asking }) => asking === 'never')) return;
        const otherWayMs = rung === 'polite' && ladder.hasOtherWay(set.living()) ? otherWayAtMs - clock.monotonicMs() : remainingMs;
        if (otherWayMs <= 0) await ladder.askOtherWay(set.living(), name);
        await waitForEnds(otherWayMs > 0 ? Math.min(remainingMs, otherWayMs) : remainingMs);
        await ladder.recheck(set.living());
        // Those that are born to a member which is about to die have to be found while it lives.
        if (grows() && set.living().length > 0) await step(name, rung === 'forced' && !fixed);
      }
    }

    function grows(): boolean {
      return unknown !== undefined || (options.tree && set.climbers.length > 0);
    }

    async function step(name: string, freeze: boolean): Promise<void> {
      const before = set.signalledBy(name);
      const order = { climbers: set.climbers, signal: name, notePorts };
      if (grows()) await extend(order, freeze);
      else await steps.signal(order);
      if (name !== 'SIGKILL') await ladder.ask(set.climbers, name);
      const processes = set.signalledBy(name) - before;
      if (processes > 0) onRung?.({ signal: name, processes });
    }

    async function extend(order: Parameters<typeof steps.grow>[0], freeze: boolean): Promise<void> {
      const { tree, allowProtected } = options;
      const look = {
        ...(unknown && { meant: unknown }),
        tree,
        freeze: freeze && tree,
        allowProtected,
        protection,
        startTicks: set.startTicks,
        withFound: !fixed,
      };
      const sinceMs = clock.monotonicMs();
      const join = (info: Glimpse) => set.add(info, sinceMs);
      let growth = await steps.grow(order, look, join);
      if (growth.isOutdated) {
        protection = await gatherProtection();
        growth = await steps.grow(order, { ...look, protection }, join);
      }
      // Checked once, with the first signal: later looks of the same kill go by what it found.
      protection = { known: protection.known };
      if (unknown !== undefined && growth.missed) spare(missedOutcome(unknown, growth.missed));
      unknown = undefined;
      for (const [identity, startTicks] of Object.entries(growth.startTicks)) set.startTicks.set(identity, startTicks);
      if (fixed) for (const info of growth.found) spare(unplannedOutcome(info));
      for (const info of growth.spared) {
        const judged = protectionOf(info, protection);
        if (judged) spare(protectedOutcome(info, judged));
      }
    }

    function spare(outcome: PlainOutcome): void {
      if (!spared.some(({ process: { pid, identity } }) => pid === outcome.process.pid && identity === outcome.process.identity))
        spared.push(outcome);
    }

    async function waitForEnds(remainingMs: number): Promise<void> {
      const living = set.living();
      const mustLook = grows() || living.some(({ isUnwatched }) => isUnwatched);
      const enough = new AbortController();
      const pause = clock.sleep(mustLook ? Math.min(remainingMs, lookIntervalMs) : remainingMs, AbortSignal.any([signal, enough.signal]));
      await Promise.race([Promise.all(living.map(({ ended }) => ended)), pause.catch(() => {})]);
      enough.abort();
    }

    async function report(): Promise<PlainOutcome[]> {
      const survivors = set.living();
      const { processes } =
        survivors.length === 0
          ? { processes: [] }
          : await pool.run('describeProcesses', { targets: survivors.map(({ info }) => ({ pid: info.pid, identity: info.identity })) });
      return Promise.all(
        set.climbers.map(async (climber) => {
          const now = processes[survivors.indexOf(climber)];
          const { parentPid, ...outcome } = climber.outcome ?? {
            ...unsettled(climber, now ?? null, options, signal.aborted, clock),
            parentPid: undefined,
          };
          return {
            process: subject(climber.info),
            ...outcome,
            ...(notePorts && { heldPorts: climber.heldPorts, ...(climber.freedPorts && { freedPorts: climber.freedPorts }) }),
            ...(parentPid !== undefined && { parent: await nameParent(parentPid) }),
          };
        }),
      );
    }

    /** Who has to collect a zombie. */
    async function nameParent(pid: number): Promise<{ pid: number; name: string }> {
      const { processes } = await pool.run('describeProcesses', { targets: [{ pid }] });
      return { pid, name: processes[0]?.name ?? 'unknown' };
    }
  };

  function createTargetSet() {
    const climbers: Climber[] = [];
    const byIdentity = new Map<string, Climber>();
    return {
      climbers,
      /** By identity, as the looks tell them. */
      startTicks: new Map<string, number>(),
      add(info: Glimpse, sinceMs = clock.monotonicMs()): Climber {
        const known = byIdentity.get(info.identity);
        if (known) return known;
        const climber = ladder.enter(info, sinceMs);
        byIdentity.set(info.identity, climber);
        climbers.push(climber);
        return climber;
      },
      living: () => climbers.filter(({ outcome }) => outcome === null),
      signalledBy: (name: string) => climbers.filter(({ signalled }) => signalled === name).length,
    };
  }
}

export function subject({ pid, identity, startedAt, name, commandLine }: Glimpse): KillOutcome['process'] {
  return { pid, identity, startedAt, name, commandLine };
}

export function protectedOutcome(info: Glimpse, { sentence }: Pick<Protection, 'sentence'>): PlainOutcome {
  return { process: subject(info), outcome: 'protected', reason: sentence, elapsedMs: 0 };
}

/** What becomes of a target that is not there to be ended. */
export function missedOutcome({ pid, ...guards }: ProcessRef, missed: Missed): PlainOutcome {
  const process = { pid, ...guards };
  switch (missed.kind) {
    case 'ended':
      return { process: { ...process, identity: missed.identity }, outcome: 'exited', rung: 'signal', signal: missed.signal, elapsedMs: 0 };
    case 'denied':
      return { process, outcome: 'denied', reason: 'It exists, but this user may not see it, and it was left alone.', elapsedMs: 0 };
    case 'identityMismatch':
      return {
        process,
        outcome: 'identityMismatch',
        reason: `Its pid belongs to ${missed.name} by now; nothing was touched.`,
        elapsedMs: 0,
      };
    case 'gone':
      return { process, outcome: 'gone', reason: 'No process has this pid.', elapsedMs: 0 };
  }
}

export function unplannedOutcome(info: Glimpse): PlainOutcome {
  return {
    process: subject(info),
    outcome: 'notPlanned',
    reason: 'It was not there when the plan was made, and was left alone.',
    elapsedMs: 0,
  };
}

const noWayToAsk =
  'There is no way to ask it to end: Windows could by a console that nobody else uses, or by a window, and it has neither; and force was not wanted.';

/** Nobody has told its end; but where the request was cancelled, it may have come all the same. */
function unsettled(
  { signalled, startedMs, rung, asking }: Climber,
  now: ProcessInfo | null,
  options: KillOptions,
  isCancelled: boolean,
  clock: Clock,
): Omit<PlainOutcome, 'process'> {
  const elapsedMs = Math.round(clock.monotonicMs() - startedMs);
  const tail = { ...(signalled !== null && { signal: signalled }), elapsedMs };
  const isGone = now === null || now.status === 'zombie';
  if (isGone && signalled === null) return { outcome: 'gone', reason: 'It had ended before it was signalled.', elapsedMs };
  if (isGone) return { outcome: signalled === 'SIGKILL' ? 'killed' : 'exited', rung, ...tail };
  if (now.status === 'uninterruptible')
    return {
      outcome: 'survived',
      reason: 'It waits in the kernel (uninterruptible) and ends when that returns; a stuck disk or network mount is the usual cause.',
      ...tail,
    };
  if (isCancelled) return { outcome: 'survived', reason: 'The request was cancelled before it was forced.', ...tail };
  if (!options.force && asking === 'never') return { outcome: 'survived', reason: noWayToAsk, ...tail };
  if (!options.force)
    return { outcome: 'survived', reason: `It did not end within ${options.graceMs} ms, and force was not wanted.`, ...tail };
  return { outcome: 'survived', reason: `It has not ended ${confirmMs} ms after SIGKILL.`, ...tail };
}
