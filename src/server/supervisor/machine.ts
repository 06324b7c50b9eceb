import type { Failure } from '../../protocol/errors.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';

/*
 * The life of a service as a table: a state and an input give the next state and what has to be done. No timer, no
 * process, no clock. What is done reports back as an input with the generation of the start that it belongs to; what
 * comes from an earlier start changes nothing.
 */

export interface ServiceExit {
  exitCode: number | null;
  signal: string | null;
}

/** Each start of a service has its own, counted from 1. */
export type Generation = number;

export type ServiceState =
  | { name: 'stopped'; generation: Generation; exit: ServiceExit | null; cause: string | null }
  | { name: 'starting'; generation: Generation }
  /** `process` is null where the system does not let us see our own child. */
  | { name: 'running'; generation: Generation; process: ProcessInfo | null }
  | Stopping
  /** Ended by itself. `isClearing` while what it has left behind is being ended. */
  | { name: 'exited'; generation: Generation; exit: ServiceExit; cause: string; isClearing: boolean; next: Next }
  | { name: 'fatal'; generation: Generation; failure: Failure };

interface Stopping {
  name: 'stopping';
  generation: Generation;
  /** What it waits for: the spawn that was under way, the end of all processes, or nothing but the system (`stuck`). */
  awaits: 'spawn' | 'end' | 'stuck';
  process: ProcessInfo | null;
  graceMs: number;
  exit: ServiceExit | null;
  cause: string;
  /** What could not be ended, as a sentence. */
  left: string | null;
  next: Next;
}

/** What follows when the end that is under way is complete. */
type Next = 'stay' | 'start';

export type Input =
  | { kind: 'start' }
  | { kind: 'stop'; graceMs: number; cause: string }
  /** The program runs. */
  | { kind: 'spawned'; generation: Generation; process: ProcessInfo | null }
  /** It could not be started, or was given up before. */
  | { kind: 'spawnFailed'; generation: Generation; failure: Failure }
  | { kind: 'exited'; generation: Generation; exit: ServiceExit; cause: string }
  /** All that could be ended has ended; `left` says what could not. */
  | { kind: 'cleared'; generation: Generation; left: string | null };

export type Effect =
  | { kind: 'spawn'; generation: Generation }
  /** Do not spawn any more, if that is still possible. */
  | { kind: 'abandon'; generation: Generation }
  /** End the process and everything that it has started. */
  | { kind: 'end'; generation: Generation; graceMs: number }
  /** End what it has left behind. */
  | { kind: 'clear'; generation: Generation }
  /** The end that is under way gets no more than this until it is forced. */
  | { kind: 'hasten'; generation: Generation; graceMs: number };

export type Step = [ServiceState, Effect[]];

export const initialState: ServiceState = { name: 'stopped', generation: 0, exit: null, cause: null };

export function transition(state: ServiceState, input: Input): Step {
  if ('generation' in input && input.generation !== state.generation) return [state, []];
  const cell = table[state.name][input.kind] as ((state: ServiceState, input: Input) => Step) | undefined;
  return cell?.(state, input) ?? [state, []];
}

type StateNamed<Name extends ServiceState['name']> = Extract<ServiceState, { name: Name }>;
type InputNamed<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;
type Table = {
  [Name in ServiceState['name']]: { [Kind in Input['kind']]?: (state: StateNamed<Name>, input: InputNamed<Kind>) => Step };
};

/** A cell that is not there changes nothing. */
const table: Table = {
  stopped: {
    start: startAnew,
  },

  starting: {
    stop: ({ generation }, { graceMs, cause }) => [
      { name: 'stopping', generation, awaits: 'spawn', process: null, graceMs, exit: null, cause, left: null, next: 'stay' },
      [{ kind: 'abandon', generation }],
    ],
    spawned: ({ generation }, { process }) => [{ name: 'running', generation, process }, []],
    spawnFailed: ({ generation }, { failure }) => [{ name: 'fatal', generation, failure }, []],
    exited: endedByItself,
  },

  running: {
    stop: ({ generation, process }, { graceMs, cause }) => [
      { name: 'stopping', generation, awaits: 'end', process, graceMs, exit: null, cause, left: null, next: 'stay' },
      [{ kind: 'end', generation, graceMs }],
    ],
    exited: endedByItself,
  },

  stopping: {
    start: (state) => [{ ...state, next: 'start' }, []],
    stop: (state, { graceMs }) => {
      const { generation } = state;
      switch (state.awaits) {
        case 'spawn':
          return [{ ...state, next: 'stay', graceMs: Math.min(state.graceMs, graceMs) }, []];
        case 'end':
          return [{ ...state, next: 'stay' }, [{ kind: 'hasten', generation, graceMs }]];
        case 'stuck':
          return [{ ...state, next: 'stay', awaits: 'end' }, [{ kind: 'end', generation, graceMs }]];
      }
    },
    spawned: (state, { process }) =>
      state.awaits === 'spawn'
        ? [{ ...state, awaits: 'end', process }, [{ kind: 'end', generation: state.generation, graceMs: state.graceMs }]]
        : [state, []],
    spawnFailed: (state) => (state.awaits === 'spawn' ? finish(state) : [state, []]),
    exited: (state, { exit }) =>
      // While an end is under way, that tells when everything else has ended as well.
      state.awaits === 'end'
        ? [{ ...state, exit }, []]
        : [{ ...state, exit, awaits: 'end' }, [{ kind: 'clear', generation: state.generation }]],
    cleared: (state, { left }) => (state.exit === null ? [{ ...state, left, awaits: 'stuck' }, []] : finish({ ...state, left })),
  },

  exited: {
    start: (state) => (state.isClearing ? [{ ...state, next: 'start' }, []] : startAnew(state)),
    stop: (state, { graceMs }) =>
      state.isClearing ? [{ ...state, next: 'stay' }, [{ kind: 'hasten', generation: state.generation, graceMs }]] : [state, []],
    cleared: (state, { left }) => {
      if (state.next === 'start') return startAnew(state);
      return [{ ...state, isClearing: false, cause: sentences(state.cause, left) }, []];
    },
  },

  fatal: {
    start: startAnew,
  },
};

function startAnew({ generation }: { generation: Generation }): Step {
  const next = generation + 1;
  return [{ name: 'starting', generation: next }, [{ kind: 'spawn', generation: next }]];
}

function endedByItself({ generation }: { generation: Generation }, { exit, cause }: InputNamed<'exited'>): Step {
  return [{ name: 'exited', generation, exit, cause, isClearing: true, next: 'stay' }, [{ kind: 'clear', generation }]];
}

function finish(state: Stopping): Step {
  if (state.next === 'start') return startAnew(state);
  const { generation, exit, cause, left } = state;
  return [{ name: 'stopped', generation, exit, cause: sentences(cause, left) }, []];
}

const sentences = (cause: string, left: string | null): string => (left === null ? cause : `${cause} ${left}`);

/** Something of it may be alive. */
export function isLive(state: ServiceState): boolean {
  if (state.name === 'exited') return state.isClearing;
  return state.name === 'starting' || state.name === 'running' || state.name === 'stopping';
}

/** A start that was asked for is still to come, or under way. */
export function isAboutToRun(state: ServiceState): boolean {
  if (state.name === 'stopping' || state.name === 'exited') return state.next === 'start';
  return state.name === 'starting';
}

/** An end that was asked for is under way, and nobody but us is waited for. */
export function isEnding(state: ServiceState): boolean {
  if (state.name === 'stopping') return state.awaits !== 'stuck';
  return state.name === 'exited' && state.isClearing;
}
