import type { Clock } from '../../clock.ts';
import type { ShutdownPhase, ShutdownReport, ShutdownStep } from '../../protocol/types/shutdown.ts';
import type { ShutdownState } from '../context.ts';
import { createTimetable, type Deadline, type Timetable, untilPassed } from './deadline.ts';

/** One thing to end, and how. */
export interface ShutdownTask {
  kind: ShutdownStep['kind'];
  name: string;
  /** Of a handler: the shutdown has failed unless it is done. */
  isCritical?: boolean;
  /** Resolves with null when it is done. A rejection is recorded as its failure and the rest goes on. */
  end(deadline: Deadline): Promise<Incomplete | null>;
}

/** What became of a task that is not done. */
export interface Incomplete {
  status: Exclude<ShutdownStep['status'], 'done'>;
  error: string;
}

/** What is ended together; the next group is asked for when this one is over. */
export type Groups = Iterable<ShutdownTask[]>;

export interface ShutdownParts {
  /** What the host wants to do first. */
  handlers(reason: string): Groups;
  services: {
    /** Starts nothing from now on, and gives what has to be ended: dependants before what they depend on. */
    close(): Groups;
    /** Starts again: the sidecar stays. */
    reopen(): void;
    /** Of those that run. */
    longestGraceMs(): number;
  };
  /** What the sidecar itself holds: sockets, then locks. */
  holdings(): Groups;
  log: ShutdownTask;
  /** Called as soon as it is sure that the sidecar will not stay, and maybe again. */
  onLeaving(): void;
  clock: Clock;
}

export interface ShutdownOrder {
  reason: string;
  /** From now. Absent: 15 s for a shutdown that begins, and whatever it has for one that is joined. */
  deadlineMs?: number | undefined;
  /** Ends handlers and services only. */
  keepRunning?: boolean | undefined;
  /** Nobody is left to whom an order of ends could matter: what we hold is let go with the last force. */
  hostIsDead?: boolean | undefined;
}

export interface Shutdown {
  /** Ends everything, in order. A second call joins the first: it can bring its deadline closer and take back `keepRunning`. */
  run(order: ShutdownOrder): Promise<ShutdownReport>;
  readonly state: ShutdownState;
  /** Resolves when whatever was begun has come to its end, also what was reported as late. */
  settled(): Promise<void>;
  /** By the latest run. */
  readonly hasCriticalFailure: boolean;
  /** Calls back as phases begin and steps end. Gives the function that ends it. */
  listen(listener: (news: ShutdownNews) => void): () => void;
}

export interface ShutdownNews {
  phase: ShutdownPhase;
  step?: ShutdownStep;
}

export const defaultDeadlineMs = 15_000;
/** So long before the deadline everything that is left is killed, and no group of services waits for another any more. */
const forceBeforeMs = 500;
/** Locks wait for the services, whose ports the next instance will want; but not until we are killed ourselves. */
const lettingGoBeforeMs = 100;
/** What the services get beside their grace. */
const killingMs = 1_000;
/** The log is flushed also when the deadline has passed. */
const flushingMs = 250;

interface Run {
  timetable: Timetable;
  keepsRunning: boolean;
  hostIsDead: boolean;
  report: Promise<ShutdownReport>;
}

/** Ends what the sidecar has to end, one phase after the other, and reports how each step went. */
export function createShutdown({ handlers, services, holdings, log, onLeaving, clock }: ShutdownParts): Shutdown {
  const listeners = new Set<(news: ShutdownNews) => void>();
  const underWay = new Set<Promise<unknown>>();
  let current: Run | null = null;
  let state: ShutdownState = 'open';
  let hasCriticalFailure = false;

  return {
    get state() {
      return state;
    },
    get hasCriticalFailure() {
      return hasCriticalFailure;
    },
    async settled() {
      await Promise.all(underWay);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    run(order) {
      if (!order.keepRunning) onLeaving();
      current ??= begin(order);
      if (!order.keepRunning) current.keepsRunning = false;
      if (order.hostIsDead) current.hostIsDead = true;
      if (order.deadlineMs !== undefined) current.timetable.bringCloser(clock.monotonicMs() + order.deadlineMs);
      return current.report;
    },
  };

  function begin({ reason, deadlineMs = defaultDeadlineMs, keepRunning = false, hostIsDead = false }: ShutdownOrder): Run {
    state = 'closing';
    const run = { timetable: createTimetable(deadlineMs, clock), keepsRunning: keepRunning, hostIsDead };
    return Object.assign(run, { report: endAll(run, reason) });
  }

  async function endAll(run: Omit<Run, 'report'>, reason: string): Promise<ShutdownReport> {
    const { timetable } = run;
    const startedMs = clock.monotonicMs();
    const begun: { task: ShutdownTask; step: Promise<ShutdownStep> }[] = [];
    let phase: ShutdownPhase = 'handlers';

    const deadline = timetable.derive(({ endsAtMs }) => endsAtMs);
    const force = timetable.derive(({ endsAtMs }) => endsAtMs - forceBeforeMs);
    const lettingGo = timetable.derive(({ endsAtMs }) => endsAtMs - (run.hostIsDead ? forceBeforeMs : lettingGoBeforeMs));
    const handlersEnd = timetable.derive(({ beganAtMs, endsAtMs }) =>
      Math.max(endsAtMs - services.longestGraceMs() - killingMs, beganAtMs + (endsAtMs - beganAtMs) / 3),
    );
    const afterwards = timetable.derive(({ endsAtMs }) => endsAtMs + flushingMs);

    enter('handlers');
    await endGroups(handlers(reason), handlersEnd, handlersEnd);
    enter('services');
    await endGroups(services.close(), deadline, force);
    await Promise.race([allBegun(), untilPassed(lettingGo)]);
    if (run.keepsRunning) await allBegun();
    if (run.keepsRunning) {
      services.reopen();
    } else {
      enter('holdings');
      await endGroups(holdings(), deadline, lettingGo);
      await allBegun();
      enter('log');
      await endGroups([[log]], afterwards, afterwards);
    }
    const steps = await allBegun();
    timetable.close();
    const isUndone = ({ status }: ShutdownStep) => status !== 'done';
    hasCriticalFailure = begun.some(({ task }, index) => task.isCritical && isUndone(steps[index] as ShutdownStep));
    const ok = !hasCriticalFailure && !steps.some((step) => step.kind !== 'handler' && isUndone(step));
    if (run.keepsRunning) {
      current = null;
      state = 'open';
    } else {
      state = 'closed';
    }
    enter('done');
    return { ok, reason, elapsedMs: Math.round(clock.monotonicMs() - startedMs), steps };

    function enter(next: ShutdownPhase): void {
      phase = next;
      tell({ phase });
    }

    /** `nextAt` is when the next group begins at the latest. */
    async function endGroups(groups: Groups, until: Deadline, nextAt: Deadline): Promise<void> {
      for (const group of groups) {
        const now = phase;
        const ended = group.map((task) => {
          const step = endOne(task, until).then((done) => {
            tell({ phase: now, step: done });
            return done;
          });
          begun.push({ task, step });
          return step;
        });
        await Promise.race([Promise.all(ended), untilPassed(nextAt)]);
      }
    }

    function allBegun(): Promise<ShutdownStep[]> {
      return Promise.all(begun.map(({ step }) => step));
    }
  }

  async function endOne({ kind, name, end }: ShutdownTask, deadline: Deadline): Promise<ShutdownStep> {
    const startedMs = clock.monotonicMs();
    const late: Incomplete = { status: 'timeout', error: 'It did not end before the deadline.' };
    const failed = (error: unknown): Incomplete => ({ status: 'failed', error: error instanceof Error ? error.message : String(error) });
    const ended = Promise.resolve()
      .then(() => end(deadline))
      .catch(failed);
    underWay.add(ended);
    void ended.then(() => underWay.delete(ended));
    const incomplete = await Promise.race([ended, untilPassed(deadline).then(() => late)]);
    return { kind, name, ...(incomplete ?? { status: 'done' }), elapsedMs: Math.round(clock.monotonicMs() - startedMs) };
  }

  function tell(news: ShutdownNews): void {
    for (const listener of [...listeners]) listener(news);
  }
}
