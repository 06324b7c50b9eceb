import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { fail } from '../../src/protocol/errors.ts';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';
import { type Effect, type Input, initialState, transition } from '../../src/server/supervisor/machine.ts';
import { isAboutToRun, isEnding, isLive, isUp, type ServiceState, type Verdict } from '../../src/server/supervisor/state.ts';

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
const retry: Verdict = { kind: 'retry', delayMs: 700 };
const giveUp: Verdict = { kind: 'giveUp', why: 'Too often.' };
const stays: Verdict = { kind: 'stay' };

const stopping = {
  name: 'stopping',
  generation: 4,
  process,
  graceMs: 900,
  exit: null,
  cause: 'On request.',
  left: null,
  after: { kind: 'stay' },
} as const;
const thenStart = { after: { kind: 'start' } } as const;
const thenJudge = { after: { kind: 'judge', verdict: retry } } as const;
const ended = { generation: 4, exit, cause: 'By itself.', isClearing: false, next: 'stay' } as const;

/** Every state that is another one to the table, all of the fourth start. */
const states = {
  stopped: { name: 'stopped', generation: 4, exit: null, cause: null },
  waiting: { name: 'waiting', generation: 4, cause: 'It crashed.', waitsFor: null },
  starting: { name: 'starting', generation: 4, cause: null },
  running: { name: 'running', generation: 4, process, isReady: false, cause: null },
  ready: { name: 'running', generation: 4, process, isReady: true, cause: null },
  stoppingSpawn: { ...stopping, awaits: 'spawn', process: null },
  stoppingSpawnThenStart: { ...stopping, awaits: 'spawn', process: null, ...thenStart },
  stopping: { ...stopping, awaits: 'end' },
  stoppingThenStart: { ...stopping, awaits: 'end', ...thenStart },
  stoppingIll: { ...stopping, awaits: 'end', cause: 'Ill.', ...thenJudge },
  stoppingExited: { ...stopping, awaits: 'end', exit },
  stoppingExitedThenStart: { ...stopping, awaits: 'end', exit, ...thenStart },
  stoppingExitedIll: { ...stopping, awaits: 'end', exit, cause: 'Ill.', ...thenJudge },
  stuck: { ...stopping, awaits: 'stuck', left: 'Not ended: x.' },
  stuckThenStart: { ...stopping, awaits: 'stuck', left: 'Not ended: x.', ...thenStart },
  stuckIll: { ...stopping, awaits: 'stuck', left: 'Not ended: x.', cause: 'Ill.', ...thenJudge },
  backoff: { name: 'backoff', ...ended },
  backoffClearing: { name: 'backoff', ...ended, isClearing: true },
  backoffClearingDue: { name: 'backoff', ...ended, isClearing: true, next: 'start' },
  exited: { name: 'exited', ...ended },
  exitedClearing: { name: 'exited', ...ended, isClearing: true },
  exitedClearingThenStart: { name: 'exited', ...ended, isClearing: true, next: 'start' },
  fatal: { name: 'fatal', ...ended, failure: null },
  fatalClearing: { name: 'fatal', ...ended, isClearing: true, failure: null },
  fatalClearingThenStart: { name: 'fatal', ...ended, isClearing: true, next: 'start', failure: null },
} as const satisfies Record<string, ServiceState>;
type StateName = keyof typeof states;

const inputs = {
  start: { kind: 'start' },
  resume: { kind: 'resume' },
  stop: { kind: 'stop', graceMs: 50, cause: 'Stop.' },
  blocked: { kind: 'blocked', generation: 4, cause: 'It waits for db.' },
  unblocked: { kind: 'unblocked', generation: 4 },
  hopeless: { kind: 'hopeless', generation: 4, cause: 'db is fatal.' },
  spawned: { kind: 'spawned', generation: 4, process },
  spawnFailed: { kind: 'spawnFailed', generation: 4, failure, verdict: stays },
  spawnFailedAgain: { kind: 'spawnFailed', generation: 4, failure, verdict: retry },
  spawnFailedTooOften: { kind: 'spawnFailed', generation: 4, failure, verdict: giveUp },
  ready: { kind: 'ready', generation: 4 },
  unready: { kind: 'unready', generation: 4, cause: 'Its readiness probe fails.' },
  ailing: { kind: 'ailing', generation: 4, cause: 'Ill.', graceMs: 80, verdict: retry },
  exited: { kind: 'exited', generation: 4, exit, cause: 'Exit.', verdict: stays },
  crashed: { kind: 'exited', generation: 4, exit, cause: 'Exit.', verdict: retry },
  crashedTooOften: { kind: 'exited', generation: 4, exit, cause: 'Exit.', verdict: giveUp },
  cleared: { kind: 'cleared', generation: 4, left: null },
  clearedPartly: { kind: 'cleared', generation: 4, left: 'Not ended: y.' },
  due: { kind: 'due', generation: 4 },
} as const satisfies Record<string, Input>;
type InputName = keyof typeof inputs;

type Cell = [ServiceState, Effect[]];
type Row = Partial<Record<InputName, Cell>>;

const begins = (cause: string | null = null): Cell => [
  { name: 'waiting', generation: 5, cause, waitsFor: null },
  [{ kind: 'await', generation: 5 }],
];
const resumes: Cell = [
  { name: 'starting', generation: 5, cause: 'It runs since before this sidecar did.' },
  [{ kind: 'resume', generation: 5 }],
];
const becomes = (state: ServiceState, ...effects: Effect[]): Cell => [state, effects];
const end = (graceMs: number): Effect => ({ kind: 'end', generation: 4, graceMs });
const [spawn, abandon, watch, unwatch, clear] = (['spawn', 'abandon', 'watch', 'unwatch', 'clear'] as const).map(
  (kind): Effect => ({
    kind,
    generation: 4,
  }),
) as [Effect, Effect, Effect, Effect, Effect];
const hasten: Effect = { kind: 'hasten', generation: 4, graceMs: 50 };
const retryLater: Effect = { kind: 'retryAfter', generation: 4, delayMs: 700 };
const stopped = (of: { exit: typeof exit | null }, cause = 'On request.'): Cell =>
  becomes({ name: 'stopped', generation: 4, exit: of.exit, cause });
const left = 'Not ended: y.';

/** What follows an exit that nobody asked for. */
const judged = (...before: Effect[]): Row => ({
  exited: becomes({ ...states.exitedClearing, cause: 'Exit.' }, ...before, clear),
  crashed: becomes({ ...states.backoffClearing, cause: 'Exit.' }, ...before, clear, retryLater),
  crashedTooOften: becomes({ ...states.fatalClearing, cause: 'Exit. Too often.' }, ...before, clear),
});

/** While it is being stopped, how the process ended changes only what is told of it. */
const takesNote = (state: ServiceState, ...effects: Effect[]): Row => {
  const cell = becomes({ ...state, exit } as ServiceState, ...effects);
  return { exited: cell, crashed: cell, crashedTooOften: cell };
};
const getsStuck = (state: ServiceState): Row => ({
  cleared: becomes({ ...state, awaits: 'stuck', left: null } as ServiceState),
  clearedPartly: becomes({ ...state, awaits: 'stuck', left } as ServiceState),
});
const runs = (state: (typeof states)['running' | 'ready']): Row => ({
  stop: becomes({ ...stopping, awaits: 'end', graceMs: 50, cause: 'Stop.' }, unwatch, end(50)),
  ready: becomes({ ...state, isReady: true }),
  unready: becomes({ ...state, isReady: false, cause: 'Its readiness probe fails.' }),
  ailing: becomes({ ...stopping, awaits: 'end', graceMs: 80, cause: 'Ill.', ...thenJudge }, unwatch, end(80)),
  ...judged(unwatch),
});
const neverCame = (cell: Cell): Row => ({ spawnFailed: cell, spawnFailedAgain: cell, spawnFailedTooOften: cell });
const isOver = (state: (typeof states)['exited' | 'fatal'], clearing: ServiceState, clearingThenStart: ServiceState): [Row, Row, Row] => [
  { start: begins(), resume: resumes, clearedPartly: becomes({ ...state, cause: `By itself. ${left}` }) },
  {
    start: becomes(clearingThenStart),
    stop: becomes(clearing, hasten),
    cleared: becomes(state),
    clearedPartly: becomes({ ...state, cause: `By itself. ${left}` }),
  },
  { stop: becomes(clearing, hasten), cleared: begins(), clearedPartly: begins() },
];
const [exitedRow, exitedClearingRow, exitedClearingThenStartRow] = isOver(
  states.exited,
  states.exitedClearing,
  states.exitedClearingThenStart,
);
const [fatalRow, fatalClearingRow, fatalClearingThenStartRow] = isOver(states.fatal, states.fatalClearing, states.fatalClearingThenStart);
const failed = { name: 'fatal', generation: 4, exit: null, isClearing: false, next: 'stay' } as const;

/** What is not here changes nothing. */
const cells: Record<StateName, Row> = {
  stopped: { start: begins(), resume: resumes },
  waiting: {
    start: begins(),
    stop: stopped({ exit: null }, 'Stop.'),
    blocked: becomes({ ...states.waiting, waitsFor: 'It waits for db.' }),
    unblocked: becomes({ name: 'starting', generation: 4, cause: 'It crashed.' }, spawn),
    hopeless: becomes({ ...failed, cause: 'db is fatal.', failure: null }),
  },
  starting: {
    stop: becomes({ ...states.stoppingSpawn, graceMs: 50, cause: 'Stop.' }, abandon),
    spawned: becomes(states.running, watch),
    spawnFailed: becomes({ ...failed, cause: failure.message, failure }),
    spawnFailedAgain: becomes({ ...states.backoff, exit: null, cause: failure.message }, retryLater),
    spawnFailedTooOften: becomes({ ...failed, cause: `${failure.message} Too often.`, failure }),
    ...judged(),
  },
  running: runs(states.running),
  ready: runs(states.ready),
  stoppingSpawn: {
    start: becomes(states.stoppingSpawnThenStart),
    stop: becomes({ ...states.stoppingSpawn, graceMs: 50 }),
    spawned: becomes(states.stopping, end(900)),
    ...neverCame(stopped({ exit: null })),
    ...takesNote({ ...states.stoppingSpawn, awaits: 'end' }, clear),
    ...getsStuck(states.stoppingSpawn),
  },
  stoppingSpawnThenStart: {
    start: becomes(states.stoppingSpawnThenStart),
    stop: becomes({ ...states.stoppingSpawn, graceMs: 50 }),
    spawned: becomes(states.stoppingThenStart, end(900)),
    ...neverCame(begins()),
    ...takesNote({ ...states.stoppingSpawnThenStart, awaits: 'end' }, clear),
    ...getsStuck(states.stoppingSpawnThenStart),
  },
  stopping: {
    start: becomes(states.stoppingThenStart),
    stop: becomes(states.stopping, hasten),
    ...takesNote(states.stopping),
    ...getsStuck(states.stopping),
  },
  stoppingThenStart: {
    stop: becomes(states.stopping, hasten),
    ...takesNote(states.stoppingThenStart),
    ...getsStuck(states.stoppingThenStart),
  },
  stoppingIll: {
    start: becomes({ ...states.stoppingIll, ...thenStart }),
    stop: becomes({ ...states.stopping, cause: 'Stop.' }, hasten),
    ...takesNote(states.stoppingIll),
    ...getsStuck(states.stoppingIll),
  },
  stoppingExited: {
    start: becomes(states.stoppingExitedThenStart),
    stop: becomes(states.stoppingExited, hasten),
    cleared: stopped({ exit }),
    clearedPartly: stopped({ exit }, `On request. ${left}`),
  },
  stoppingExitedThenStart: { stop: becomes(states.stoppingExited, hasten), cleared: begins(), clearedPartly: begins() },
  stoppingExitedIll: {
    start: becomes({ ...states.stoppingExitedIll, ...thenStart }),
    stop: becomes({ ...states.stoppingExited, cause: 'Stop.' }, hasten),
    cleared: becomes({ ...states.backoff, cause: 'Ill.' }, retryLater),
    clearedPartly: becomes({ ...states.backoff, cause: `Ill. ${left}` }, retryLater),
  },
  stuck: {
    start: becomes(states.stuckThenStart),
    stop: becomes({ ...states.stuck, awaits: 'end' }, end(50)),
    ...takesNote({ ...states.stuck, awaits: 'end' }, clear),
    ...getsStuck(states.stuck),
  },
  stuckThenStart: {
    stop: becomes({ ...states.stuck, awaits: 'end' }, end(50)),
    ...takesNote({ ...states.stuckThenStart, awaits: 'end' }, clear),
    ...getsStuck(states.stuckThenStart),
  },
  stuckIll: {
    start: becomes({ ...states.stuckIll, ...thenStart }),
    stop: becomes({ ...states.stuck, awaits: 'end', cause: 'Stop.' }, end(50)),
    ...takesNote({ ...states.stuckIll, awaits: 'end' }, clear),
    ...getsStuck(states.stuckIll),
  },
  backoff: {
    start: begins('By itself.'),
    due: begins('By itself.'),
    stop: stopped({ exit }, 'Stop.'),
    clearedPartly: becomes({ ...states.backoff, cause: `By itself. ${left}` }),
  },
  backoffClearing: {
    start: becomes(states.backoffClearingDue),
    due: becomes(states.backoffClearingDue),
    stop: becomes({ ...stopping, awaits: 'end', process: null, graceMs: 50, exit, cause: 'Stop.' }, hasten),
    cleared: becomes(states.backoff),
    clearedPartly: becomes({ ...states.backoff, cause: `By itself. ${left}` }),
  },
  backoffClearingDue: {
    stop: becomes({ ...stopping, awaits: 'end', process: null, graceMs: 50, exit, cause: 'Stop.' }, hasten),
    cleared: begins('By itself.'),
    clearedPartly: begins('By itself.'),
  },
  exited: exitedRow,
  exitedClearing: exitedClearingRow,
  exitedClearingThenStart: exitedClearingThenStartRow,
  fatal: fatalRow,
  fatalClearing: fatalClearingRow,
  fatalClearingThenStart: fatalClearingThenStartRow,
};

const names = Object.keys(states) as StateName[];
const all = names.flatMap((state) => (Object.keys(inputs) as InputName[]).map((input) => [state, input] as const));

describe('the table of a service', () => {
  test.each(all)('%s × %s', (state, input) => {
    expect(transition(states[state], inputs[input])).toEqual(cells[state][input] ?? [states[state], []]);
  });

  test.each(all)('%s × %s of an earlier start changes nothing', (state, input) => {
    const given = inputs[input];
    if ('generation' in given) expect(transition(states[state], { ...given, generation: 3 })).toEqual([states[state], []]);
    else expect(given.kind).toMatch(/^(start|stop|resume)$/);
  });

  test('a service begins stopped, and each start is a new generation', () => {
    expect(transition(initialState, inputs.start)).toEqual([
      { name: 'waiting', generation: 1, cause: null, waitsFor: null },
      [{ kind: 'await', generation: 1 }],
    ]);
  });

  test('no end that was asked for leads to a restart, in whatever state it comes', () => {
    for (const name of names) {
      let [state] = transition(states[name], inputs.stop);
      for (const input of [inputs.spawned, inputs.crashed, inputs.cleared, inputs.due]) [state] = transition(state, input);
      expect(['stopped', 'exited', 'fatal'], name).toContain(state.name);
      expect(state.generation, name).toBe(4);
    }
  });

  test('what a state means for those who wait', () => {
    const where = (holds: (state: ServiceState) => boolean) => names.filter((name) => holds(states[name]));
    const dead = ['stopped', 'exited', 'fatal'];
    expect(where(isLive)).toEqual(names.filter((name) => !dead.includes(name)));
    expect(where(isEnding)).toEqual(names.filter((name) => /^stopping|Clearing/.test(name)));
    const up = /^(waiting|starting|running|ready|backoff.*|.*ThenStart|.*Ill)$/;
    expect(where(isUp)).toEqual(names.filter((name) => up.test(name)));
    expect(where(isAboutToRun)).toEqual([
      'waiting',
      'starting',
      'stoppingSpawnThenStart',
      'stoppingThenStart',
      'stoppingExitedThenStart',
      'stuckThenStart',
      'exitedClearingThenStart',
      'fatalClearingThenStart',
    ]);
  });
});

describe('docs/services.md', () => {
  const columns = ['stopped', 'waiting', 'starting', 'running', 'stopping', 'backoff', 'exited', 'fatal'] as const;
  const events: [string, InputName[]][] = [
    ['a start', ['start']],
    ['it is found running, from before', ['resume']],
    ['a stop', ['stop']],
    ['its dependencies are there', ['unblocked']],
    ['one of them is given up', ['hopeless']],
    ['its program runs', ['spawned']],
    ['it cannot be started', ['spawnFailed']],
    ['the same, at a restart', ['spawnFailedAgain']],
    ['it is found to be ill', ['ailing']],
    ['it ends, to stay so', ['exited']],
    ['it ends, to be started again', ['crashed']],
    ['it ends, once too often', ['crashedTooOften']],
    ['all of it has ended', ['cleared']],
    ['the time of the backoff is over', ['due']],
  ];

  test('shows where the table leads', () => {
    const leadsTo = (column: string, kinds: InputName[]) => {
      const from = names.filter((name) => states[name].name === column);
      const to = from.flatMap((name) => kinds.map((kind) => transition(states[name], inputs[kind])[0].name));
      return [...new Set(to.filter((name) => name !== column))].join(', ');
    };
    const rows = events.map(([event, kinds]) => [event, ...columns.map((column) => leadsTo(column, kinds))]);
    const table = [['', ...columns], ['', ...columns].map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
    const page = readFileSync(new URL('../../docs/services.md', import.meta.url), 'utf8');
    expect(/<!-- table -->\n(.*)\n<!-- \/table -->/s.exec(page)?.[1]).toBe(table);
  });
});
