import type { Timer } from '../../clock.ts';
import { causeOf, isFailure, withLastLines } from './causes.ts';
import type { ContainmentKind } from './containment/containment.ts';
import { standingOf, worstOf } from './dependencies.ts';
import { type Effect, type Input, initialState, transition } from './machine.ts';
import type { LeftRunning } from './persistence.ts';
import { alreadyFound, type LineWatch, watchForLine } from './probes/log.ts';
import { type Probing, startProbing } from './probes/probing.ts';
import type { ProbeParts } from './probes/types.ts';
import { judge, noRestarts, type RestartHistory } from './restart.ts';
import { beginRun } from './run.ts';
import type { Run, RunParts, RunReport } from './runTypes.ts';
import { type CompleteSpec, sameSpec } from './spec.ts';
import { type Generation, isAboutToRun, isEnding, isLive, type ServiceState, type Verdict } from './state.ts';

/** One service: its inputs are taken one after the other, and what they ask for is done at its edge. */
export interface Service {
  /** What was asked for last. A command that takes time looks here whether a later one wants something else. */
  readonly intent: Intent;
  /** As it was started last, or will be. */
  readonly spec: CompleteSpec;
  readonly state: ServiceState;
  readonly stateChangedAt: number;
  /** The latest start; null before the first. */
  readonly run: Run | null;
  /** How often it was restarted without being asked to. */
  readonly restarts: number;
  /** What would hold a start of it. */
  readonly containment: ContainmentKind;
  /** Begins a start by the spec of the intent, unless it runs by that, or is about to. */
  start(): void;
  /** Goes on with what an earlier sidecar has left running, unless anything of ours is alive. Resolves when that has begun, or has failed. */
  resume(left: LeftRunning): Promise<void>;
  /** It runs, and does so without us: a shutdown leaves it alone. */
  readonly outlivesUs: boolean;
  /** Resolves when it has ended as far as possible, or the signal is aborted: then it is not forced on our behalf. */
  stop(order: StopOrder): Promise<void>;
  /** Sends a signal to its process. False when there is none. */
  signal(signal: NodeJS.Signals): boolean;
  /** It runs and does not do what it should: it is ended, and what follows is as its policy says. */
  ail(cause: string): void;
  /** What it may wait for has changed. */
  reconsider(): void;
  /** Resolves when that holds, or the signal is aborted. */
  until(condition: () => boolean, signal?: AbortSignal): Promise<void>;
}

export interface Intent {
  isUp: boolean;
  /** The number of the last command that told it to end; 0 before there was one. */
  toldToEnd: number;
  spec: CompleteSpec;
}

export interface StopOrder {
  graceMs: number;
  cause: string;
  signal?: AbortSignal | undefined;
  onRung?: RunReport['rung'] | undefined;
  /** Something else ends its processes: what is left is ended behind that, or when it is to be faster. */
  behind?: Promise<void>;
}

export interface ServiceParts extends RunParts, ProbeParts {
  /** How what it depends on stands; null for what is not there. */
  stateOf(name: string): ServiceState | null;
  /** Nothing is started any more. */
  isClosed(): boolean;
  /** Called when it is another than before, once for all that happens at once. */
  onChange(service: Service): void;
  /** From 0 to 1. */
  random(): number;
}

export function createService(firstSpec: CompleteSpec, parts: ServiceParts): Service {
  const { clock } = parts;
  const intent: Intent = { isUp: true, toldToEnd: 0, spec: firstSpec };
  const inputs: Input[] = [];
  const stoppers = new Set<StopOrder>();
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];
  let spec = firstSpec;
  let state: ServiceState = initialState;
  let stateChangedAt = clock.now();
  let run: Run | null = null;
  let restarts = 0;
  let history = noRestarts;
  /** As it will be if the verdict that was given leads to a restart. */
  let judgedHistory: RestartHistory = noRestarts;
  let backoff: Timer | null = null;
  let probing: Probing | null = null;
  let lineWatch: LineWatch | null = null;
  /** Since when it is ready and healthy without a break. */
  let wellSinceMs: number | null = null;
  /** Sent to the present run by a host. */
  const signals = new Set<string>();
  let isBusy = false;
  /** Of the start that is under way. */
  let left: LeftRunning | null = null;

  const service: Service = {
    intent,
    get spec() {
      return spec;
    },
    get state() {
      return state;
    },
    get stateChangedAt() {
      return stateChangedAt;
    },
    get run() {
      return run;
    },
    get restarts() {
      return restarts;
    },
    get containment() {
      return parts.containment.kind;
    },

    start() {
      if ((state.name === 'running' || isAboutToRun(state)) && sameSpec(spec, intent.spec)) return;
      spec = intent.spec;
      history = noRestarts;
      send({ kind: 'start' });
    },

    async resume(found) {
      spec = intent.spec;
      history = noRestarts;
      left = found;
      send({ kind: 'resume' });
      await until(() => state.name !== 'starting');
    },

    get outlivesUs() {
      return state.name === 'running' && run !== null && run.outlivesUs;
    },

    async stop(order) {
      const { graceMs, cause, signal, behind } = order;
      if (behind !== undefined) run?.hold(behind);
      send({ kind: 'stop', graceMs, cause });
      stoppers.add(order);
      try {
        await until(() => !isEnding(state), signal);
      } finally {
        stoppers.delete(order);
        if (signal?.aborted && stoppers.size === 0) run?.relent();
      }
    },

    signal(signal) {
      if (state.name !== 'running' || run === null || !run.signal(signal)) return false;
      signals.add(signal);
      return true;
    },
    ail(cause) {
      if (state.name === 'running') ail(state.generation, cause);
    },
    reconsider,
    until,
  };
  return service;

  function send(input: Input): void {
    inputs.push(input);
    if (isBusy) return;
    isBusy = true;
    const before = state;
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) take(next);
    isBusy = false;
    if (state !== before) parts.onChange(service);
    const met = waiting.filter(({ condition }) => condition());
    waiting = waiting.filter((one) => !met.includes(one));
    for (const { resolve } of met) resolve();
  }

  function take(input: Input): void {
    const [next, effects] = transition(state, input);
    if (next.name !== state.name) stateChangedAt = clock.now();
    // A start on request has forgotten what came before.
    if (state.name === 'backoff' && next.name === 'waiting' && history !== noRestarts) restarts += 1;
    state = next;
    if (state.name !== 'backoff') backoff?.cancel();
    if (state.name !== 'running' || !state.isReady) wellSinceMs = null;
    else wellSinceMs ??= clock.monotonicMs();
    // Between the end and the start of a restart its sockets stay open: whoever connects waits and is not refused.
    if (!isLive(state) && !(state.name === 'stopped' && intent.isUp)) parts.equipments.rest(spec.name);
    for (const effect of effects) perform(effect);
  }

  function perform(effect: Effect): void {
    const { generation } = effect;
    switch (effect.kind) {
      case 'await':
        return reconsider();
      case 'spawn':
        signals.clear();
        run = beginRun(spec, parts, reportOf(generation));
        return;
      case 'resume':
        if (left !== null) run = beginRun(spec, parts, reportOf(generation), left);
        return;
      case 'abandon':
        return run?.abandon();
      case 'watch':
        return watch(generation);
      case 'unwatch':
        return probing?.stop();
      case 'end':
        return run?.end(effect.graceMs);
      case 'clear':
        return run?.clear(run.spec.stop.graceMs, { isUrgent: state.name === 'backoff' });
      case 'hasten':
        return run?.hasten(effect.graceMs);
      case 'retryAfter':
        history = judgedHistory;
        // A timer would be due a millisecond later at the earliest.
        if (effect.delayMs === 0) return send({ kind: 'due', generation });
        backoff = clock.setTimer(effect.delayMs, () => send({ kind: 'due', generation }));
    }
  }

  function reconsider(): void {
    if (state.name !== 'waiting') return;
    const { generation } = state;
    if (parts.isClosed()) return send({ kind: 'stop', graceMs: 0, cause: 'It is not started, because the sidecar shuts down.' });
    const worst = worstOf(spec.dependsOn.map((tie) => standingOf(tie, parts.stateOf(tie.name))));
    if (worst.kind === 'failed') send({ kind: 'hopeless', generation, cause: worst.cause });
    else if (worst.kind === 'met') send({ kind: 'unblocked', generation });
    else if (worst.cause !== state.waitsFor) send({ kind: 'blocked', generation, cause: worst.cause });
  }

  function watch(generation: Generation): void {
    if (run === null) return;
    probing = startProbing({
      run,
      lineWatch,
      parts,
      onReady: () => send({ kind: 'ready', generation }),
      onUnready: (cause) => send({ kind: 'unready', generation, cause }),
      onAiling: (cause) => ail(generation, cause),
    });
  }

  function ail(generation: Generation, why: string): void {
    const cause = withLastLines(why, run);
    send({ kind: 'ailing', generation, cause, graceMs: spec.stop.graceMs, verdict: judgeEnd(true) });
  }

  function reportOf(generation: Generation): RunReport {
    return {
      opened(output, isResumed) {
        lineWatch?.stop();
        lineWatch = null;
        // Of what it wrote before, nobody knows whether that line was among it.
        if (spec.readiness?.kind === 'log') lineWatch = isResumed ? alreadyFound : watchForLine(spec.readiness.pattern, output);
      },
      spawned: (process) => send({ kind: 'spawned', generation, process }),
      failed: (failure) => send({ kind: 'spawnFailed', generation, failure, verdict: judgeStart() }),
      exited: (exit) => send({ kind: 'exited', generation, exit, cause: causeOf(exit, signals, run), verdict: judgeEnd(isFailure(exit)) }),
      cleared: (left) => send({ kind: 'cleared', generation, left }),
      rung(rung) {
        for (const { onRung } of stoppers) onRung?.(rung);
      },
    };
  }

  /** Whoever asked for a start is told why there is none; one that had run before may run again. */
  function judgeStart(): Verdict {
    return history.attempts === 0 ? { kind: 'stay' } : judgeEnd(true);
  }

  function judgeEnd(hasFailed: boolean): Verdict {
    // Somebody has decided already what follows this end.
    if (state.name !== 'starting' && state.name !== 'running') return { kind: 'stay' };
    const atMs = clock.monotonicMs();
    const wellMs = wellSinceMs === null ? 0 : atMs - wellSinceMs;
    const [verdict, following] = judge(history, spec.restart, { isFailure: hasFailed, atMs, wellMs, chance: parts.random() });
    judgedHistory = following;
    return verdict;
  }

  async function until(condition: () => boolean, signal?: AbortSignal): Promise<void> {
    if (condition() || signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const one = { condition, resolve };
      const giveUp = () => {
        waiting = waiting.filter((other) => other !== one);
        resolve();
      };
      waiting.push(one);
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }
}
