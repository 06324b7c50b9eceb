import type { Clock, Timer } from '../../clock.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Pool } from '../../workers/pool.ts';
import type { Kill, PlainOutcome } from '../processes/kill.ts';
import type { Contained } from './containment/containment.ts';
import type { GatherSpared } from './spared.ts';
import type { FindStarted } from './started.ts';

export interface EndingParts {
  pool: Pool;
  kill: Kill;
  gatherSpared: GatherSpared;
  findStarted: FindStarted;
  clock: Clock;
}

export interface EndingOrder {
  startId: string;
  contained: Pick<Contained, 'cgroup' | 'sinceTicks' | 'ending' | 'orphans' | 'force'>;
  /** The process that was started; null when it has ended. */
  root: ProcessInfo | null;
  /** Who led their session; null when it is not known. */
  leader: { pid: number; identity: string } | null;
  /** Closing this is asked first, and has half of the grace; without it the signal is the first thing. */
  input?: { close(): void; readonly ended: Promise<unknown> } | null | undefined;
  signal: string;
  graceMs: number;
  onRung?: ((rung: { signal: string; processes: number }) => void) | undefined;
}

/** The end of a process and of everything that it has started, under way. */
export interface Ending {
  /** Resolves when nothing more can be done. */
  readonly done: Promise<Left>;
  /** Force at the latest in `graceMs` from now. */
  hasten(graceMs: number): void;
  /** No force when the grace is over, unless `hasten` is called before. */
  relent(): void;
}

/** What could not be ended, and why, as a sentence; null when there is nothing. */
export interface Left {
  sentence: string | null;
  identities: ReadonlySet<string>;
}

/** Whoever forks faster than this many looks is told and left to the next stop. */
const mostForcedRounds = 20;

/**
 * Ends what carries the id of a start and what descends from it, politely and, when the grace is over, by force. Looks again after
 * each round until a look finds nobody: a double fork with setsid leaves the tree, not the environment.
 */
export function beginEnding(order: EndingOrder, { pool, kill, gatherSpared, findStarted, clock }: EndingParts): Ending {
  const grace = new AbortController();
  /** Whom it is no use to try again, and why. */
  const hopeless = new Map<string, PlainOutcome>();
  /** Whom this system cannot ask to end: for them there is no grace. */
  const deaf = new Set<string>();
  const cannotBeAsked = ({ identity }: ProcessInfo) => deaf.has(identity);
  /** The time for closing the input is over. */
  const halfway = Promise.withResolvers<void>();
  let timers = setTimers(order.graceMs);
  let forceAtMs = clock.monotonicMs() + order.graceMs;
  let hasRelented = false;
  let wasAsked = false;

  return {
    done: endAll().finally(cancelTimers),
    hasten(graceMs) {
      const atMs = clock.monotonicMs() + graceMs;
      hasRelented = false;
      if (atMs >= forceAtMs) return;
      forceAtMs = atMs;
      cancelTimers();
      timers = setTimers(graceMs);
    },
    relent() {
      hasRelented = true;
    },
  };

  function setTimers(graceMs: number): Timer[] {
    return [clock.setTimer(graceMs, () => grace.abort()), clock.setTimer(graceMs / 2, () => halfway.resolve())];
  }

  function cancelTimers(): void {
    for (const timer of timers) timer.cancel();
  }

  async function endAll(): Promise<Left> {
    const protection = await gatherSpared();
    const { ending, force } = order.contained;
    ending();
    grace.signal.addEventListener('abort', () => void forceCgroup(), { once: true });
    if (order.input) {
      order.input.close();
      await Promise.race([order.input.ended, halfway.promise]);
    }
    let targets = merge(order.root === null ? [] : [order.root], await find(order.leader));
    let forcedRounds = 0;
    // Everybody gets the polite signal, also when there is no time left to wait for it.
    for (let isForced = false; targets.length > 0; isForced = grace.signal.aborted || targets.every(cannotBeAsked)) {
      if (isForced && (hasRelented || forcedRounds === mostForcedRounds)) return tell([...hopeless.values(), ...targets.map(unforced)]);
      if (isForced) {
        forcedRounds += 1;
        await force();
      }
      const otherWayMs = (forceAtMs - clock.monotonicMs()) / 2;
      const outcomes = await kill({
        roots: targets,
        options: {
          tree: true,
          allowProtected: true,
          ...(isForced ? forced : { signal: order.signal, graceMs: Number.POSITIVE_INFINITY, otherWayMs, force: false }),
        },
        protection,
        signal: isForced ? uninterrupted : grace.signal,
        onRung,
      });
      const left = outcomes.filter(({ outcome }) => outcome === 'survived' || outcome === 'denied' || outcome === 'protected');
      for (const outcome of left) {
        if (isForced || outcome.outcome !== 'survived') hopeless.set(outcome.process.identity ?? '', outcome);
        // Without an end of the grace there is no other reason to have survived a polite round.
        else if (!grace.signal.aborted) deaf.add(outcome.process.identity ?? '');
      }
      targets = merge(await describe(left), await find(null)).filter(({ identity }) => !hopeless.has(identity));
    }
    return tell([...hopeless.values()]);
  }

  /** At once, and not behind the looks of the round under way: the kernel knows who is in it. Who was not asked yet is asked first. */
  async function forceCgroup(): Promise<void> {
    if (wasAsked && !hasRelented) await order.contained.force();
  }

  function onRung(rung: { signal: string; processes: number }): void {
    wasAsked = true;
    order.onRung?.(rung);
  }

  async function find(leader: EndingOrder['leader']): Promise<ProcessInfo[]> {
    const { startId, contained } = order;
    const { cgroup, sinceTicks } = contained;
    return findStarted({ startId, leader, cgroup, sinceTicks, orphans: await contained.orphans() });
  }

  /** The survivors of a round are escalated by identity, whatever has become of their parents. */
  async function describe(outcomes: PlainOutcome[]): Promise<ProcessInfo[]> {
    if (outcomes.length === 0) return [];
    const { processes } = await pool.run('describeProcesses', {
      targets: outcomes.map(({ process: { pid, identity } }) => ({ pid, identity })),
    });
    return processes.filter((info) => info !== null && info.status !== 'zombie') as ProcessInfo[];
  }
}

const forced = { signal: 'SIGKILL', graceMs: 0, force: true };
const uninterrupted = new AbortController().signal;

function merge(left: ProcessInfo[], right: ProcessInfo[]): ProcessInfo[] {
  return [...new Map([...left, ...right].map((info) => [info.identity, info])).values()];
}

type Remaining = Pick<PlainOutcome, 'process' | 'reason'>;

const unforced = ({ pid, identity, name }: ProcessInfo): Remaining => ({ process: { pid, identity, name }, reason: 'It was not forced.' });

function tell(remaining: Remaining[]): Left {
  const identities = new Set(remaining.map(({ process }) => process.identity ?? ''));
  const [first] = remaining;
  if (first === undefined) return { sentence: null, identities };
  const named = remaining.slice(0, 3).map(({ process: { pid, name } }) => `${name ?? 'a process'} (pid ${pid})`);
  const others = remaining.length > named.length ? ` and ${remaining.length - named.length} more` : '';
  return { sentence: `Not ended: ${named.join(', ')}${others}. ${first.reason}`, identities };
}
