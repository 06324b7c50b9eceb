import type { Clock } from '../../clock.ts';
import { fail, SidewardenError } from '../../protocol/errors.ts';
import type { ContainmentKind } from './containment/containment.ts';
import { type Effect, type Input, initialState, isAboutToRun, isEnding, isLive, type ServiceState, transition } from './machine.ts';
import { beginRun, type Run, type RunParts, type RunReport } from './run.ts';
import { type CompleteSpec, sameSpec } from './spec.ts';

/** One service: its inputs are taken one after the other, and what they ask for is done at its edge. */
export interface Service {
  /** As it was started last, or will be. */
  readonly spec: CompleteSpec;
  readonly state: ServiceState;
  readonly stateChangedAt: number;
  /** The latest start; null before the first. */
  readonly run: Run | null;
  /** What would hold a start of it. */
  readonly containment: ContainmentKind;
  /** Begins a start, unless it runs or starts already; throws Conflict when it does so by another spec. */
  start(spec: CompleteSpec): void;
  /** Resolves when the start that is under way has come to something; throws SpawnFailed when it was that. */
  started(): Promise<void>;
  /** Resolves when it has ended as far as possible, or the signal is aborted: then it is not forced on our behalf. */
  stop(order: StopOrder): Promise<void>;
}

export interface StopOrder {
  graceMs: number;
  cause: string;
  signal?: AbortSignal;
  onRung?: RunReport['rung'];
}

export function createService(firstSpec: CompleteSpec, parts: RunParts, clock: Clock): Service {
  const inputs: Input[] = [];
  const stoppers = new Set<StopOrder>();
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];
  let spec = firstSpec;
  let state = initialState;
  let stateChangedAt = clock.now();
  let run: Run | null = null;
  let isBusy = false;

  return {
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
    get containment() {
      return parts.containment.kind;
    },

    start(wanted) {
      if (state.name === 'running' || isAboutToRun(state)) {
        if (!sameSpec(wanted, spec)) throw conflict(spec.name, state);
      } else {
        spec = wanted;
      }
      send({ kind: 'start' });
    },

    async started() {
      await until(() => !isAboutToRun(state));
      if (state.name === 'fatal') throw new SidewardenError(state.failure);
    },

    async stop(order) {
      const { graceMs, cause, signal } = order;
      send({ kind: 'stop', graceMs, cause });
      stoppers.add(order);
      try {
        await Promise.race([until(() => !isEnding(state)), ...(signal ? [aborted(signal)] : [])]);
      } finally {
        stoppers.delete(order);
        if (signal?.aborted && stoppers.size === 0) run?.relent();
      }
    },
  };

  function send(input: Input): void {
    inputs.push(input);
    if (isBusy) return;
    isBusy = true;
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) take(next);
    isBusy = false;
    const met = waiting.filter(({ condition }) => condition());
    waiting = waiting.filter((one) => !met.includes(one));
    for (const { resolve } of met) resolve();
  }

  function take(input: Input): void {
    const [next, effects] = transition(state, input);
    if (next.name !== state.name) stateChangedAt = clock.now();
    state = next;
    if (!isLive(state)) parts.equipments.rest(spec.name);
    for (const effect of effects) perform(effect);
  }

  function perform(effect: Effect): void {
    switch (effect.kind) {
      case 'spawn':
        run = beginRun(spec, parts, reportOf(effect.generation));
        return;
      case 'abandon':
        return run?.abandon();
      case 'end':
        return run?.end(effect.graceMs);
      case 'clear':
        return run?.end(run.spec.stop.graceMs);
      case 'hasten':
        return run?.hasten(effect.graceMs);
    }
  }

  function reportOf(generation: number): RunReport {
    return {
      spawned: (process) => send({ kind: 'spawned', generation, process }),
      failed: (failure) => send({ kind: 'spawnFailed', generation, failure }),
      exited: (exit) => send({ kind: 'exited', generation, exit, cause: causeOf(exit, run?.lastLines(mostLastLines) ?? []) }),
      cleared: (left) => send({ kind: 'cleared', generation, left }),
      rung(rung) {
        for (const { onRung } of stoppers) onRung?.(rung);
      },
    };
  }

  async function until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      waiting.push({ condition, resolve });
    });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

const mostLastLines = 5;

function causeOf({ exitCode, signal }: { exitCode: number | null; signal: string | null }, lastLines: string[]): string {
  const how = signal === null ? `It ended by itself with exit code ${exitCode}.` : `It was ended by ${signal}, which we did not send.`;
  return exitCode === 0 || lastLines.length === 0 ? how : `${how} It wrote last: ${lastLines.join(' ⏎ ')}`;
}

function conflict(name: string, { name: state }: ServiceState) {
  const now = state === 'running' ? 'is running' : 'is about to run';
  return fail('Conflict', `The service ${name} ${now} by another spec; stop it first, or give the same spec.`, {});
}
