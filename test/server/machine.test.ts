import { describe, expect, test } from 'vitest';
import { fail } from '../../src/protocol/errors.ts';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';
import {
  type Effect,
  type Input,
  initialState,
  isAboutToRun,
  isEnding,
  isLive,
  type ServiceState,
  transition,
} from '../../src/server/supervisor/machine.ts';

const process: ProcessInfo = {
  pid: 4242,
  ppid: 1,
  startedAt: 0,
  identity: 'boot-4242-1',
  name: 'server',
  executable: null,
  commandLine: null,
  cwd: null,
  user: null,
  status: 'sleeping',
  rssBytes: null,
  visibility: 'full',
};
const exit = { exitCode: 3, signal: null };
const { failure } = fail('SpawnFailed', 'There is no program x.', { errno: 'ENOENT', command: 'x', cwd: null });

const stopping = {
  name: 'stopping',
  generation: 4,
  process,
  graceMs: 900,
  exit: null,
  cause: 'On request.',
  left: null,
  next: 'stay',
} as const;
const exited = { name: 'exited', generation: 4, exit, cause: 'By itself.', next: 'stay' } as const;

/** Every state that is another one to the table, all of the fourth start. */
const states = {
  stopped: { name: 'stopped', generation: 4, exit: null, cause: null },
  starting: { name: 'starting', generation: 4 },
  running: { name: 'running', generation: 4, process },
  stoppingSpawn: { ...stopping, awaits: 'spawn', process: null },
  stoppingSpawnThenStart: { ...stopping, awaits: 'spawn', process: null, next: 'start' },
  stopping: { ...stopping, awaits: 'end' },
  stoppingThenStart: { ...stopping, awaits: 'end', next: 'start' },
  stoppingExited: { ...stopping, awaits: 'end', exit },
  stoppingExitedThenStart: { ...stopping, awaits: 'end', exit, next: 'start' },
  stuck: { ...stopping, awaits: 'stuck', left: 'Not ended: x.' },
  exited: { ...exited, isClearing: false },
  clearing: { ...exited, isClearing: true },
  clearingThenStart: { ...exited, isClearing: true, next: 'start' },
  fatal: { name: 'fatal', generation: 4, failure },
} as const satisfies Record<string, ServiceState>;
type StateName = keyof typeof states;

const inputs = {
  start: { kind: 'start' },
  stop: { kind: 'stop', graceMs: 50, cause: 'Stop.' },
  spawned: { kind: 'spawned', generation: 4, process },
  spawnFailed: { kind: 'spawnFailed', generation: 4, failure },
  exited: { kind: 'exited', generation: 4, exit, cause: 'Exit.' },
  cleared: { kind: 'cleared', generation: 4, left: null },
  clearedPartly: { kind: 'cleared', generation: 4, left: 'Not ended: y.' },
} as const satisfies Record<string, Input>;
type InputName = keyof typeof inputs;

const spawnNext: Effect = { kind: 'spawn', generation: 5 };
const starting = { name: 'starting', generation: 5 } as const;
const begins: Cell = [starting, [spawnNext]];
const end = (graceMs: number): Effect => ({ kind: 'end', generation: 4, graceMs });
const clear: Effect = { kind: 'clear', generation: 4 };
const hasten: Effect = { kind: 'hasten', generation: 4, graceMs: 50 };
const endedByItself: Cell = [{ name: 'exited', generation: 4, exit, cause: 'Exit.', isClearing: true, next: 'stay' }, [clear]];
const stopped = (of: { exit: ServiceExitOrNull }, cause = 'On request.'): ServiceState => ({
  name: 'stopped',
  generation: 4,
  exit: of.exit,
  cause,
});
type ServiceExitOrNull = { exitCode: number | null; signal: string | null } | null;

type Cell = [ServiceState, Effect[]];

/** What is not here changes nothing. */
const cells: Record<StateName, Partial<Record<InputName, Cell>>> = {
  stopped: { start: begins },
  starting: {
    stop: [{ ...stopping, awaits: 'spawn', process: null, graceMs: 50, cause: 'Stop.' }, [{ kind: 'abandon', generation: 4 }]],
    spawned: [{ name: 'running', generation: 4, process }, []],
    spawnFailed: [{ name: 'fatal', generation: 4, failure }, []],
    exited: endedByItself,
  },
  running: { stop: [{ ...stopping, awaits: 'end', graceMs: 50, cause: 'Stop.' }, [end(50)]], exited: endedByItself },
  stoppingSpawn: {
    start: [states.stoppingSpawnThenStart, []],
    stop: [{ ...states.stoppingSpawn, graceMs: 50 }, []],
    spawned: [states.stopping, [end(900)]],
    spawnFailed: [stopped({ exit: null }), []],
    exited: [{ ...states.stoppingSpawn, exit, awaits: 'end' }, [clear]],
    cleared: [{ ...states.stoppingSpawn, awaits: 'stuck' }, []],
    clearedPartly: [{ ...states.stoppingSpawn, awaits: 'stuck', left: 'Not ended: y.' }, []],
  },
  stoppingSpawnThenStart: {
    stop: [{ ...states.stoppingSpawn, graceMs: 50 }, []],
    spawned: [states.stoppingThenStart, [end(900)]],
    spawnFailed: begins,
    exited: [{ ...states.stoppingSpawnThenStart, exit, awaits: 'end' }, [clear]],
    cleared: [{ ...states.stoppingSpawnThenStart, awaits: 'stuck' }, []],
    clearedPartly: [{ ...states.stoppingSpawnThenStart, awaits: 'stuck', left: 'Not ended: y.' }, []],
  },
  stopping: {
    start: [states.stoppingThenStart, []],
    stop: [states.stopping, [hasten]],
    exited: [states.stoppingExited, []],
    cleared: [{ ...states.stopping, awaits: 'stuck' }, []],
    clearedPartly: [{ ...states.stopping, awaits: 'stuck', left: 'Not ended: y.' }, []],
  },
  stoppingThenStart: {
    stop: [states.stopping, [hasten]],
    exited: [states.stoppingExitedThenStart, []],
    cleared: [{ ...states.stoppingThenStart, awaits: 'stuck' }, []],
    clearedPartly: [{ ...states.stoppingThenStart, awaits: 'stuck', left: 'Not ended: y.' }, []],
  },
  stoppingExited: {
    start: [states.stoppingExitedThenStart, []],
    stop: [states.stoppingExited, [hasten]],
    cleared: [stopped({ exit }), []],
    clearedPartly: [stopped({ exit }, 'On request. Not ended: y.'), []],
  },
  stoppingExitedThenStart: { stop: [states.stoppingExited, [hasten]], cleared: begins, clearedPartly: begins },
  stuck: {
    start: [{ ...states.stuck, next: 'start' }, []],
    stop: [{ ...states.stuck, awaits: 'end' }, [end(50)]],
    exited: [{ ...states.stuck, exit, awaits: 'end' }, [clear]],
    cleared: [{ ...states.stuck, left: null }, []],
    clearedPartly: [{ ...states.stuck, left: 'Not ended: y.' }, []],
  },
  exited: {
    start: begins,
    clearedPartly: [{ ...states.exited, cause: 'By itself. Not ended: y.' }, []],
  },
  clearing: {
    start: [states.clearingThenStart, []],
    stop: [states.clearing, [hasten]],
    cleared: [states.exited, []],
    clearedPartly: [{ ...states.exited, cause: 'By itself. Not ended: y.' }, []],
  },
  clearingThenStart: { stop: [states.clearing, [hasten]], cleared: begins, clearedPartly: begins },
  fatal: { start: begins },
};

const all = (Object.keys(states) as StateName[]).flatMap((state) =>
  (Object.keys(inputs) as InputName[]).map((input) => [state, input] as const),
);

describe('the table of a service', () => {
  test.each(all)('%s × %s', (state, input) => {
    const expected = cells[state][input] ?? [states[state], []];
    expect(transition(states[state], inputs[input])).toEqual(expected);
  });

  test.each(all)('%s × %s of an earlier start changes nothing', (state, input) => {
    const given = inputs[input];
    if (!('generation' in given)) return;
    expect(transition(states[state], { ...given, generation: 3 })).toEqual([states[state], []]);
  });

  test('a service begins stopped, and each start is a new generation', () => {
    const [first] = transition(initialState, inputs.start);
    expect(first).toEqual({ name: 'starting', generation: 1 });
    const [failed] = transition(first, { ...inputs.spawnFailed, generation: 1 });
    expect(transition(failed, inputs.start)).toEqual([{ name: 'starting', generation: 2 }, [{ kind: 'spawn', generation: 2 }]]);
  });

  test('what a state means for those who wait', () => {
    const where = (holds: (state: ServiceState) => boolean) => (Object.keys(states) as StateName[]).filter((name) => holds(states[name]));
    const ending = [
      'stoppingSpawn',
      'stoppingSpawnThenStart',
      'stopping',
      'stoppingThenStart',
      'stoppingExited',
      'stoppingExitedThenStart',
      'clearing',
      'clearingThenStart',
    ];
    expect(where(isEnding)).toEqual(ending);
    expect(where(isLive)).toEqual(['starting', 'running', ...ending.slice(0, 6), 'stuck', ...ending.slice(6)]);
    expect(where(isAboutToRun)).toEqual([
      'starting',
      'stoppingSpawnThenStart',
      'stoppingThenStart',
      'stoppingExitedThenStart',
      'clearingThenStart',
    ]);
  });
});
