import { describe, expect, test } from 'vitest';
import { exitCodeOf, renderOutcomes } from '../../clients/cli/outcomes.ts';
import { portExitCode, portVerdict } from '../../clients/cli/portKill.ts';
import type { KillOutcome } from '../../src/protocol/types/kill.ts';

const ended: KillOutcome = {
  process: { pid: 42, identity: 'a', name: 'node', commandLine: ['node', 'server.js'] },
  outcome: 'exited',
  signal: 'SIGTERM',
  elapsedMs: 12,
  freedPorts: [3000, 3001],
};
const of = (...kinds: KillOutcome['outcome'][]): KillOutcome[] => kinds.map((outcome) => ({ ...ended, outcome, freedPorts: [] }));

describe('a table of outcomes', () => {
  test('tells what became of each, and which ports that freed', () => {
    expect(renderOutcomes([ended, { ...ended, outcome: 'killed', elapsedMs: 5_012, freedPorts: [] }], { width: null })).toEqual([
      'PID  NAME  OUTCOME                        FREED      COMMAND',
      ' 42  node  exited at SIGTERM after 12 ms  3000 3001  node server.js',
      ' 42  node  killed after 5.0 s                        node server.js',
    ]);
  });

  test('says why below it, and who has to collect a zombie', () => {
    const [gone] = of('gone') as [KillOutcome];
    const zombie = { ...gone, reason: 'It has ended; its parent has not collected it yet.' };
    expect(renderOutcomes([{ ...zombie, parent: { pid: 7, name: 'ba\u001b[2Jsh' } }], { width: null }).slice(1)).toEqual([
      ' 42  node  gone already  node server.js',
      '42: It has ended; its parent has not collected it yet. Its parent is ba\\x1b[2Jsh (pid 7).',
    ]);
  });

  test('has no table where nothing is known of anybody', () => {
    const unknown: KillOutcome = { process: { pid: 9 }, outcome: 'gone', reason: 'No process has this pid.', elapsedMs: 0, freedPorts: [] };
    expect(renderOutcomes([unknown], { width: null })).toEqual(['9: No process has this pid.']);
  });

  test('has the addresses where a port is held', () => {
    const addresses = new Map([['a', ['127.0.0.1', '[::1]']]]);
    expect(renderOutcomes(of('protected'), { width: null }, addresses)).toEqual([
      'PID  NAME  ADDRESS          OUTCOME    COMMAND',
      ' 42  node  127.0.0.1 [::1]  protected  node server.js',
    ]);
  });
});

test.each([
  [of(), 1],
  [of('gone'), 1],
  [of('exited', 'killed', 'gone'), 0],
  [of('planned'), 0],
  [of('planned', 'protected'), 5],
  [of('protected', 'notPlanned'), 5],
  [of('identityMismatch'), 5],
  [of('exited', 'protected'), 6],
  [of('exited', 'notPlanned'), 6],
  [of('survived'), 6],
  [of('denied'), 6],
])('%# ends with the code that it means', (outcomes, code) => {
  expect(exitCodeOf(outcomes)).toBe(code);
});

test.each([
  [{ freed: true, cause: null, outcomes: [] }, true, 1, 'Nobody holds TCP port 80.'],
  [{ freed: true, cause: null, outcomes: of('exited') }, true, 0, 'TCP port 80 is free.'],
  [{ freed: false, cause: 'closing', outcomes: of('exited') }, true, 0, /^Nobody holds TCP port 80, but closing connections/],
  [{ freed: false, cause: 'reservedByOs', outcomes: [] }, true, 1, /^Nobody holds TCP port 80, but the system/],
  [{ freed: false, cause: 'hidden', outcomes: [] }, false, 6, /somebody whom this user may not see/],
  [{ freed: false, cause: 'hidden', outcomes: of('exited') }, true, 6, /somebody whom this user may not see/],
  [{ freed: false, cause: 'heldByOther', outcomes: of('planned') }, false, 0, 'TCP port 80 is still held.'],
  [{ freed: false, cause: 'heldByOther', outcomes: of('killed') }, true, 6, 'TCP port 80 is still held.'],
  [{ freed: false, cause: 'heldByOther', outcomes: of('protected') }, true, 5, 'TCP port 80 is still held.'],
] as const)('a port, case %#', (answer, isDone, code, sentence) => {
  const mutable = { ...answer, outcomes: [...answer.outcomes] };
  expect(portExitCode(mutable, isDone)).toBe(code);
  expect(portVerdict({ port: 80 }, mutable)).toEqual(typeof sentence === 'string' ? sentence : expect.stringMatching(sentence));
});
