import type { Failure } from '../../protocol/errors.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { After, Ended, Generation, ServiceExit, ServiceState, Stopping, Verdict } from './state.ts';

/*
 * The life of a service as a table: a state and an input give the next state and what has to be done. No timer, no
 * process, no clock. What is done reports back as an input with the generation of the start that it belongs to; what
 * comes from an earlier start changes nothing.
 */

export type Input =
  | { kind: 'start' }
  /** It runs already, since before this sidecar did. */
  | { kind: 'resume' }
  | { kind: 'stop'; graceMs: number; cause: string }
  /** What it depends on is not there yet. */
  | { kind: 'blocked'; generation: Generation; cause: string }
  /** It is. */
  | { kind: 'unblocked'; generation: Generation }
  /** It will not be. */
  | { kind: 'hopeless'; generation: Generation; cause: string }
  /** The program runs. */
  | { kind: 'spawned'; generation: Generation; process: ProcessInfo | null }
  /** It could not be started, or was given up before. */
  | { kind: 'spawnFailed'; generation: Generation; failure: Failure; verdict: Verdict }
  | { kind: 'ready'; generation: Generation }
  | { kind: 'unready'; generation: Generation; cause: string }
  /** It runs and does not do what it should: it has to be ended. */
  | { kind: 'ailing'; generation: Generation; cause: string; graceMs: number; verdict: Verdict }
  | { kind: 'exited'; generation: Generation; exit: ServiceExit; cause: string; verdict: Verdict }
  /** All that could be ended has ended; `left` says what could not. */
  | { kind: 'cleared'; generation: Generation; left: string | null }
  /** The time of a backoff is over. */
  | { kind: 'due'; generation: Generation };

export type Effect =
  /** Say when what it depends on is there. */
  | { kind: 'await'; generation: Generation }
  | { kind: 'spawn'; generation: Generation }
  /** Take up what runs; reports as `spawn` does. */
  | { kind: 'resume'; generation: Generation }
  /** Do not spawn any more, if that is still possible. */
  | { kind: 'abandon'; generation: Generation }
  /** Ask its probes, until `unwatch`. */
  | { kind: 'watch'; generation: Generation }
  | { kind: 'unwatch'; generation: Generation }
  /** End the process and everything that it has started. */
  | { kind: 'end'; generation: Generation; graceMs: number }
  /** End what it has left behind. */
  | { kind: 'clear'; generation: Generation }
  /** The end that is under way gets no more than this until it is forced. */
  | { kind: 'hasten'; generation: Generation; graceMs: number }
  | { kind: 'retryAfter'; generation: Generation; delayMs: number };

export type Step = [ServiceState, Effect[]];

export const initialState: ServiceState = { name: 'stopped', generation: 0, exit: null, cause: null };

export function transition(state: ServiceState, input: Input): Step {
  if ('generation' in input && input.generation !== state.generation) return [state, []];
  const cell = table[state.name][input.kind] as ((state: ServiceState, input: Input) => Step) | undefined;
  return cell?.(state, input) ?? [state, []];
}

type StateNamed<Name extends ServiceState['name']> = Extract<ServiceState, { name: Name }>;
type InputNamed<Kind extends Input['kind']> = Extract<Input, { kind: Kind }>;
type Row<Name extends ServiceState['name']> = {
  [Kind in Input['kind']]?: (state: StateNamed<Name>, input: InputNamed<Kind>) => Step;
};

const stay: After = { kind: 'stay' };
const start: After = { kind: 'start' };

type Over = StateNamed<'exited'> | StateNamed<'fatal'>;

/** What ended without being asked to, and is not to be started again: there may be something left of it. */
const over = {
  resume: (state: Over): Step => (state.isClearing ? [state, []] : resume(state)),
  start: (state: Over): Step => (state.isClearing ? [{ ...state, next: 'start' }, []] : startAnew(state.generation, null)),
  stop: (state: Over, { graceMs }: InputNamed<'stop'>): Step =>
    state.isClearing ? [{ ...state, next: 'stay' }, [{ kind: 'hasten', generation: state.generation, graceMs }]] : [state, []],
  cleared: (state: Over, { left }: InputNamed<'cleared'>): Step =>
    state.next === 'start' ? startAnew(state.generation, null) : [{ ...state, isClearing: false, cause: sentences(state.cause, left) }, []],
};

/** A cell that is not there changes nothing. */
const table: { [Name in ServiceState['name']]: Row<Name> } = {
  stopped: {
    resume,
    start: ({ generation }) => startAnew(generation, null),
  },

  waiting: {
    start: ({ generation }) => startAnew(generation, null),
    stop: ({ generation }, { cause }) => [{ name: 'stopped', generation, exit: null, cause }, []],
    blocked: (state, { cause: waitsFor }) => [{ ...state, waitsFor }, []],
    unblocked: ({ generation, cause }) => [{ name: 'starting', generation, cause }, [{ kind: 'spawn', generation }]],
    hopeless: ({ generation }, { cause }) => [
      { name: 'fatal', generation, exit: null, cause, isClearing: false, next: 'stay', failure: null },
      [],
    ],
  },

  starting: {
    stop: ({ generation }, { graceMs, cause }) => [
      { name: 'stopping', generation, awaits: 'spawn', process: null, graceMs, exit: null, cause, left: null, after: stay },
      [{ kind: 'abandon', generation }],
    ],
    spawned: ({ generation, cause }, { process }) => [
      { name: 'running', generation, process, isReady: false, cause },
      [{ kind: 'watch', generation }],
    ],
    spawnFailed: ({ generation }, { failure, verdict }) =>
      verdict.kind === 'retry'
        ? judged({ generation, exit: null, cause: failure.message, verdict, isClearing: false })
        : [
            {
              name: 'fatal',
              generation,
              exit: null,
              cause: sentences(failure.message, verdict.kind === 'giveUp' ? verdict.why : null),
              isClearing: false,
              next: 'stay',
              failure,
            },
            [],
          ],
    exited: ({ generation }, { exit, cause, verdict }) => judged({ generation, exit, cause, verdict, isClearing: true }),
  },

  running: {
    stop: ({ generation, process }, { graceMs, cause }) => [
      { name: 'stopping', generation, awaits: 'end', process, graceMs, exit: null, cause, left: null, after: stay },
      [
        { kind: 'unwatch', generation },
        { kind: 'end', generation, graceMs },
      ],
    ],
    ready: (state) => [{ ...state, isReady: true }, []],
    unready: (state, { cause }) => [{ ...state, isReady: false, cause }, []],
    ailing: ({ generation, process }, { graceMs, cause, verdict }) => [
      {
        name: 'stopping',
        generation,
        awaits: 'end',
        process,
        graceMs,
        exit: null,
        cause,
        left: null,
        after: { kind: 'judge', verdict },
      },
      [
        { kind: 'unwatch', generation },
        { kind: 'end', generation, graceMs },
      ],
    ],
    exited: ({ generation }, { exit, cause, verdict }) => {
      const [next, effects] = judged({ generation, exit, cause, verdict, isClearing: true });
      return [next, [{ kind: 'unwatch', generation }, ...effects]];
    },
  },

  stopping: {
    start: (state) => [{ ...state, after: start }, []],
    stop: (state, { graceMs, cause }) => {
      const { generation } = state;
      const next: Stopping = { ...state, after: stay, cause: state.after.kind === 'judge' ? cause : state.cause };
      switch (state.awaits) {
        case 'spawn':
          return [{ ...next, graceMs: Math.min(state.graceMs, graceMs) }, []];
        case 'end':
          return [next, [{ kind: 'hasten', generation, graceMs }]];
        case 'stuck':
          return [{ ...next, awaits: 'end' }, [{ kind: 'end', generation, graceMs }]];
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

  backoff: {
    start: startInBackoff,
    due: startInBackoff,
    stop: (state, { graceMs, cause }) => {
      const { generation, exit, isClearing } = state;
      if (!isClearing) return [{ name: 'stopped', generation, exit, cause }, []];
      return [
        { name: 'stopping', generation, awaits: 'end', process: null, graceMs, exit, cause, left: null, after: stay },
        [{ kind: 'hasten', generation, graceMs }],
      ];
    },
    cleared: (state, { left }) =>
      state.next === 'start'
        ? startAnew(state.generation, state.cause)
        : [{ ...state, isClearing: false, cause: sentences(state.cause, left) }, []],
  },

  exited: over,
  fatal: over,
};

function startAnew(last: Generation, cause: string | null): Step {
  const generation = last + 1;
  return [{ name: 'waiting', generation, cause, waitsFor: null }, [{ kind: 'await', generation }]];
}

function resume(last: { generation: Generation }): Step {
  const generation = last.generation + 1;
  return [{ name: 'starting', generation, cause: 'It runs since before this sidecar did.' }, [{ kind: 'resume', generation }]];
}

function startInBackoff(state: Ended<'backoff'>): Step {
  return state.isClearing ? [{ ...state, next: 'start' }, []] : startAnew(state.generation, state.cause);
}

interface Judgement {
  generation: Generation;
  exit: ServiceExit | null;
  cause: string;
  verdict: Verdict;
  isClearing: boolean;
}

/** What becomes of it after an end that nobody asked for. */
function judged({ generation, exit, cause, verdict, isClearing }: Judgement): Step {
  const end = { generation, exit, cause, isClearing, next: 'stay' } as const;
  const clear: Effect[] = isClearing ? [{ kind: 'clear', generation }] : [];
  switch (verdict.kind) {
    case 'stay':
      return [{ name: 'exited', ...end }, clear];
    case 'retry':
      return [{ name: 'backoff', ...end }, [...clear, { kind: 'retryAfter', generation, delayMs: verdict.delayMs }]];
    case 'giveUp':
      return [{ name: 'fatal', ...end, cause: sentences(cause, verdict.why), failure: null }, clear];
  }
}

function finish(state: Stopping): Step {
  const { generation, exit, left, after } = state;
  const cause = sentences(state.cause, left);
  switch (after.kind) {
    case 'stay':
      return [{ name: 'stopped', generation, exit, cause }, []];
    case 'start':
      return startAnew(generation, null);
    case 'judge':
      return judged({ generation, exit, cause, verdict: after.verdict, isClearing: false });
  }
}

const sentences = (cause: string, more: string | null): string => (more === null ? cause : `${cause} ${more}`);
