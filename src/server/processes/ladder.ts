import type { Clock } from '../../clock.ts';
import type { KillOutcome } from '../../protocol/types/kill.ts';
import type { Glimpse, Rung, Waiter } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';
import type { SignalOutcome } from '../../workers/tasks/signalProcesses.ts';

/** One process on its way down the ladder. */
export interface Climber {
  info: Glimpse;
  /** Taken with the first signal and kept until the end, so that every later one reaches the same process. */
  handle: number | null;
  signalled: string | null;
  /** What the last signal is called on this system. */
  rung: Rung;
  /** No signal asks it to end: `due` to be asked in another way, which this system may have; `never`, and there is nothing to wait for. */
  asking: 'bySignal' | 'due' | 'never';
  /** The ways in which it was asked where no signal can. */
  tried: Rung[];
  startedMs: number;
  /** When its end was seen. */
  endedMs: number | null;
  /** A signal is on its way: until that is answered nobody knows which one ended it. */
  isBeingSignalled: boolean;
  /** The waiter cannot see it: its end has to be looked for. */
  isUnwatched: boolean;
  /** The TCP ports it listened on before the first signal, where that was asked for. */
  heldPorts: number[];
  /** Those of them that were found free when it and all that were signalled with it had ended; null where nobody has looked yet. */
  freedPorts: number[] | null;
  /** Set once, when nothing more will become of it. */
  outcome: (Omit<KillOutcome, 'process' | 'freedPorts' | 'parent'> & { parentPid?: number }) | null;
  /** Resolves when the waiter sees its end, and never if it does not. */
  ended: Promise<void>;
}

/** What becomes of a process between the first signal and the last. Signals are short tasks in pool threads; waiting is the waiter’s. */
export interface Ladder {
  /** `sinceMs`: when the step that found it began. */
  enter(info: Glimpse, sinceMs: number): Climber;
  /** Takes note of what a signal brought about, and waits for the end: who has ended, is gone, denied or another has its outcome then. */
  note(climber: Climber, outcome: SignalOutcome, signal: string): void;
  /** Asks those to end whom no signal of this system can ask. */
  ask(climbers: Climber[], signal: string): Promise<void>;
  /** Whether one of them takes no notice of Ctrl-Break, and may have windows that could be closed. */
  hasOtherWay(climbers: Climber[]): boolean;
  /** Asks those in that way, once. */
  askOtherWay(climbers: Climber[], signal: string): Promise<void>;
  /** Looks for the end of those that the waiter cannot see. */
  recheck(climbers: Climber[]): Promise<void>;
  leave(climbers: Climber[]): void;
}

export function createLadder(pool: Pool, waiter: Waiter, clock: Clock): Ladder {
  /** `stop` ends a wait that has begun; most processes end before that. */
  const waits = new WeakMap<Climber, { stop: AbortController | null; ended: PromiseWithResolvers<void> }>();

  return {
    enter(info, startedMs) {
      const wait = { stop: null, ended: Promise.withResolvers<void>() };
      const climber: Climber = {
        info,
        handle: null,
        signalled: null,
        rung: 'signal',
        asking: 'bySignal',
        tried: [],
        startedMs,
        endedMs: null,
        isBeingSignalled: false,
        isUnwatched: false,
        heldPorts: [],
        freedPorts: null,
        outcome: null,
        ended: wait.ended.promise,
      };
      waits.set(climber, wait);
      return climber;
    },

    note(climber, { answer, handle, rung, ppid, hasEnded, heldPorts, freedPorts }, signal) {
      climber.handle = handle ?? climber.handle;
      if (climber.signalled === null) Object.assign(climber, { heldPorts: heldPorts ?? [], freedPorts: freedPorts ?? null });
      climber.isBeingSignalled = false;
      const elapsedMs = elapsed(climber);
      const parent = ppid === undefined ? {} : { parentPid: ppid };
      if (answer === 'sent') {
        climber.signalled = signal;
        climber.rung = rung ?? climber.rung;
        if (hasEnded) noteEnd(climber);
        else if (climber.endedMs !== null) settle(climber, endOf(climber));
        else watch(climber);
      } else if (answer === 'noWay') {
        if (climber.asking === 'bySignal') climber.asking = 'due';
        watch(climber);
      } else if (answer === 'denied') {
        settle(climber, { outcome: 'denied', reason: 'The system does not let this user signal it; its owner or root may.', elapsedMs });
      } else if (climber.signalled !== null) {
        // Whatever has its pid now, the one that was signalled has ended.
        settle(climber, { ...endOf(climber), ...parent });
      } else if (answer === 'identityMismatch') {
        settle(climber, { outcome: 'identityMismatch', reason: 'Its pid belongs to another process by now.', elapsedMs });
      } else {
        const reason = answer === 'gone' ? 'It had ended before it was signalled.' : 'It has ended; its parent has not collected it yet.';
        settle(climber, { outcome: 'gone', reason, elapsedMs, ...parent });
      }
    },

    async ask(climbers, signal) {
      const due = climbers.filter(({ outcome, asking }) => outcome === null && asking === 'due');
      await askAll(due, climbers, (climber, rung) => {
        climber.asking = rung === null ? 'never' : 'bySignal';
        if (rung !== null) Object.assign(climber, { signalled: signal, rung });
      });
    },

    hasOtherWay: (climbers) => climbers.some(hasOtherWay),

    async askOtherWay(climbers, signal) {
      const due = climbers.filter(hasOtherWay);
      await askAll(due, climbers, (climber, rung) => {
        if (rung === null) climber.tried.push('wmClose');
        else Object.assign(climber, { signalled: signal, rung });
      });
    },

    async recheck(climbers) {
      const unwatched = climbers.filter(({ isUnwatched, outcome }) => isUnwatched && outcome === null);
      if (unwatched.length === 0) return;
      const targets = unwatched.map(({ info: { pid, identity } }) => ({ pid, identity }));
      const { processes, denied } = await pool.run('describeProcesses', { targets });
      unwatched.forEach((climber, index) => {
        const now = processes[index];
        if (now ? now.status === 'zombie' : !denied.includes(climber.info.pid)) noteEnd(climber);
      });
    },

    leave(climbers) {
      const handles = climbers.flatMap(({ handle }) => (handle === null ? [] : [handle]));
      // Behind the answer, which need not wait for it.
      if (handles.length > 0)
        void clock
          .sleep(0)
          .then(() => pool.run('releaseHandles', { handles }))
          .catch(() => {});
      for (const climber of climbers) {
        waits.get(climber)?.stop?.abort();
        climber.handle = null;
      }
    },
  };

  function hasOtherWay({ outcome, tried }: Climber): boolean {
    return outcome === null && tried.length === 1 && tried[0] === 'ctrlBreak';
  }

  async function askAll(due: Climber[], climbers: Climber[], take: (climber: Climber, rung: Rung | null) => void): Promise<void> {
    if (due.length === 0) return;
    for (const climber of due) climber.isBeingSignalled = true;
    const targets = due.map(({ info: { pid, identity }, tried }) => ({ pid, identity, tried: [...tried] }));
    const others = climbers.filter(({ outcome }) => outcome === null).map(({ info: { pid } }) => pid);
    // A thread that dies over it may have asked some: a second Ctrl-Break makes many programs give up their manners.
    const rungs = await pool.run('askProcesses', { targets, others }).catch(() => []);
    due.forEach((climber, index) => {
      const rung = rungs[index] ?? null;
      climber.isBeingSignalled = false;
      if (rung !== null) climber.tried.push(rung);
      take(climber, rung);
      if (climber.endedMs !== null) noteEnd(climber);
    });
  }

  function watch(climber: Climber): void {
    const wait = waits.get(climber);
    if (wait === undefined || wait.stop !== null) return;
    wait.stop = new AbortController();
    const { pid, identity } = climber.info;
    waiter.waitForExit({ pid, identity }, wait.stop.signal).then(
      ({ kind }) => {
        climber.isUnwatched = kind !== 'exited';
        if (kind === 'exited') noteEnd(climber);
      },
      () => {
        climber.isUnwatched = true;
      },
    );
  }

  function noteEnd(climber: Climber): void {
    climber.endedMs ??= clock.monotonicMs();
    waits.get(climber)?.ended.resolve();
    if (climber.signalled !== null && !climber.isBeingSignalled) settle(climber, endOf(climber));
  }

  function settle(climber: Climber, outcome: NonNullable<Climber['outcome']>): void {
    climber.outcome ??= outcome;
  }

  function endOf(climber: Climber): NonNullable<Climber['outcome']> {
    const { signalled } = climber;
    return {
      outcome: signalled === 'SIGKILL' ? 'killed' : 'exited',
      rung: climber.rung,
      ...(signalled !== null && { signal: signalled }),
      elapsedMs: elapsed(climber),
    };
  }

  function elapsed({ startedMs, endedMs }: Climber): number {
    return Math.round((endedMs ?? clock.monotonicMs()) - startedMs);
  }
}
