import { describe, expect, test } from 'vitest';
import type { Dependency } from '../../src/protocol/types/service.ts';
import {
  dependantsOf,
  dependenciesOf,
  findProblems,
  type Graph,
  inReverseOrder,
  layersOf,
  standingOf,
} from '../../src/server/supervisor/dependencies.ts';
import type { ServiceState } from '../../src/server/supervisor/state.ts';

/** `a > b c` is a, which depends on b and c. */
function draw(...lines: string[]): Graph {
  return new Map(
    lines.map((line) => {
      const [name, ...needed] = line.split(/ > | /) as [string, ...string[]];
      return [name, { name, dependsOn: needed.map((one): Dependency => ({ name: one, condition: 'started' })) }];
    }),
  );
}
const diamond = draw('web > api cache', 'api > db', 'cache > db', 'db', 'other');

describe('who depends on whom', () => {
  test('with all that lies between', () => {
    expect(dependenciesOf(['web'], diamond).sort()).toEqual(['api', 'cache', 'db']);
    expect(dependantsOf(['db'], diamond, () => true).sort()).toEqual(['api', 'cache', 'web']);
    expect(dependantsOf(['db'], diamond, (dependant) => dependant !== 'api').sort()).toEqual(['cache', 'web']);
    expect(dependantsOf(['other'], diamond, () => true)).toEqual([]);
  });

  test('in layers: the last that was started is in the first', () => {
    expect(layersOf(['db', 'api', 'web', 'cache', 'other'], diamond).map((layer) => layer.sort())).toEqual([
      ['other', 'web'],
      ['api', 'cache'],
      ['db'],
    ]);
    expect(layersOf(['db', 'web'], diamond)).toEqual([['db', 'web']]);
    expect(layersOf([], diamond)).toEqual([]);
  });

  test('in reverse: each when all that depend on it are done, and the others meanwhile', async () => {
    const began: string[] = [];
    const done = new Map(['web', 'api', 'cache', 'db', 'other'].map((name) => [name, Promise.withResolvers<void>()]));
    const all = inReverseOrder([...done.keys()].reverse(), diamond, async (name) => {
      began.push(name);
      await done.get(name)?.promise;
    });
    const settle = async (name: string) => {
      done.get(name)?.resolve();
      await new Promise(setImmediate);
      return began.splice(0).sort();
    };
    await new Promise(setImmediate);
    expect(began.splice(0).sort()).toEqual(['other', 'web']);
    expect(await settle('web')).toEqual(['api', 'cache']);
    expect(await settle('cache')).toEqual([]);
    expect(await settle('api')).toEqual(['db']);
    for (const name of ['db', 'other']) await settle(name);
    await all;
  });
});

describe('what cannot be started', () => {
  test.each([
    ['nothing', diamond, ['web'], []],
    ['a circle', draw('a > b', 'b > c', 'c > a'), ['a'], ['a → b → c → a is a circle, so that none of them could ever start']],
    ['a circle behind it', draw('x > a', 'a > b', 'b > a'), ['x'], ['a → b → a is a circle, so that none of them could ever start']],
    ['itself', draw('a > a'), ['a'], ['a → a is a circle, so that none of them could ever start']],
    ['an unknown name', draw('web > api', 'api > db'), ['web'], ['web → api → db: there is no service db']],
    ['one circle, told once', draw('a > b', 'b > a'), ['a', 'b'], ['a → b → a is a circle, so that none of them could ever start']],
  ] as const)('%s', (_, graph, names, messages) => {
    expect(findProblems(names, graph).map(({ message }) => message)).toEqual(messages);
  });
});

describe('how a dependency stands', () => {
  const base = { generation: 1, cause: 'Why.' } as const;
  const exit = (exitCode: number) => ({ exit: { exitCode, signal: null }, isClearing: false, next: 'stay' }) as const;
  const running = { name: 'running', generation: 1, process: null, cause: null } as const;
  const states: Record<string, ServiceState | null> = {
    gone: null,
    stopped: { name: 'stopped', ...base, exit: null },
    waiting: { name: 'waiting', ...base, waitsFor: null },
    starting: { name: 'starting', generation: 1, cause: null },
    running: { ...running, isReady: false },
    ready: { ...running, isReady: true },
    backoff: { name: 'backoff', ...base, ...exit(1) },
    done: { name: 'exited', ...base, ...exit(0) },
    ending: { name: 'exited', ...base, ...exit(0), isClearing: true },
    failed: { name: 'exited', ...base, ...exit(1) },
    fatal: { name: 'fatal', ...base, ...exit(1), failure: null },
    fatalThenStart: { name: 'fatal', ...base, ...exit(1), isClearing: true, next: 'start', failure: null },
    doneThenStart: { name: 'exited', ...base, ...exit(0), isClearing: true, next: 'start' },
  };
  const table = (condition: Dependency['condition']) =>
    Object.fromEntries(Object.entries(states).map(([name, state]) => [name, standingOf({ name: 'db', condition }, state).kind]));

  test.each([
    ['started', { running: 'met', ready: 'met', done: 'met' }],
    ['ready', { running: 'pending', ready: 'met', done: 'failed' }],
    ['completed', { running: 'pending', ready: 'pending', done: 'met' }],
  ] as const)('for %s', (condition, own) => {
    expect(table(condition)).toEqual({
      gone: 'failed',
      stopped: 'failed',
      waiting: 'pending',
      starting: 'pending',
      backoff: 'pending',
      ending: condition === 'ready' ? 'failed' : 'pending',
      failed: 'failed',
      fatal: 'failed',
      fatalThenStart: 'pending',
      doneThenStart: 'pending',
      ...own,
    });
  });

  test('the reason is handed on', () => {
    expect(standingOf({ name: 'db', condition: 'ready' }, states['fatal'] as ServiceState)).toEqual({
      kind: 'failed',
      cause: 'It needs db to be ready, which is fatal: Why.',
    });
    expect(standingOf({ name: 'db', condition: 'started' }, states['backoff'] as ServiceState)).toEqual({
      kind: 'pending',
      cause: 'It waits for db, which is to be restarted: Why.',
    });
  });
});
