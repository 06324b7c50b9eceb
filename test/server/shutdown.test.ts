import { describe, expect, test } from 'vitest';
import type { ShutdownReport } from '../../src/protocol/types/shutdown.ts';
import type { CallHost, HostAnswer } from '../../src/server/context.ts';
import { createShutdown, type Groups, type ShutdownNews, type ShutdownTask } from '../../src/server/shutdown/coordinator.ts';
import { createEndings, orderOf } from '../../src/server/shutdown/endings.ts';
import { type Ending, exitCodeFor } from '../../src/server/shutdown/exitCode.ts';
import { createShutdownHandlers, type ShutdownHandlers } from '../../src/server/shutdown/handlers.ts';
import { createFakeClock } from '../harness/fakeClock.ts';

/** Lets everything that is ready run. */
const settle = async () => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A shutdown whose tasks note when they begin, and end when the test says so. */
function openScene({ graceMs = 0, groups = [] as string[][], handlers = [] as string[][] } = {}) {
  const clock = createFakeClock();
  const began: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<null>>();
  const deadlines = new Map<string, () => number>();
  const news: ShutdownNews[] = [];
  let reopened = 0;
  let leaving = 0;
  const task = (kind: ShutdownTask['kind'], name: string): ShutdownTask => ({
    kind,
    name,
    isCritical: name.startsWith('critical'),
    end(deadline) {
      began.push(name);
      deadlines.set(name, deadline.remainingMs);
      const end = Promise.withResolvers<null>();
      ends.set(name, end);
      return end.promise;
    },
  });
  const tasks = (kind: ShutdownTask['kind'], names: string[][]): Groups => names.map((group) => group.map((name) => task(kind, name)));
  const shutdown = createShutdown({
    handlers: () => tasks('handler', handlers),
    services: {
      close: () => tasks('service', groups),
      reopen() {
        reopened += 1;
      },
      longestGraceMs: () => graceMs,
    },
    holdings: () => tasks('lock', [['lock']]),
    log: { kind: 'log', name: 'log', end: async () => null },
    onLeaving() {
      leaving += 1;
    },
    clock,
  });
  shutdown.listen((one) => news.push(one));
  return {
    shutdown,
    clock,
    began,
    news,
    reopened: () => reopened,
    isLeaving: () => leaving > 0,
    remainingMs: (name: string) => deadlines.get(name)?.(),
    async end(...names: string[]) {
      for (const name of names) ends.get(name)?.resolve(null);
      await settle();
    },
    async fail(name: string, message: string) {
      ends.get(name)?.reject(new Error(message));
      await settle();
    },
    async pass(ms: number) {
      clock.advance(ms);
      await settle();
    },
  };
}

describe('order', () => {
  test('groups one after the other, each together; handlers, services, holdings, log', async () => {
    const scene = openScene({ handlers: [['h1', 'h2'], ['h3']], groups: [['web'], ['db', 'cache']] });
    const done = scene.shutdown.run({ reason: 'quit' });
    await settle();
    expect(scene.began).toEqual(['h1', 'h2']);
    await scene.end('h1');
    expect(scene.began).toEqual(['h1', 'h2']);
    await scene.end('h2');
    await scene.end('h3');
    expect(scene.began.slice(3)).toEqual(['web']);
    await scene.end('web');
    await scene.end('cache', 'db');
    await scene.end('lock');
    const report = await done;
    expect(report).toMatchObject({ ok: true, reason: 'quit' });
    expect(report.steps.map(({ name }) => name)).toEqual(['h1', 'h2', 'h3', 'web', 'db', 'cache', 'lock', 'log']);
    expect(scene.news.filter(({ step }) => !step).map(({ phase }) => phase)).toEqual(['handlers', 'services', 'holdings', 'log', 'done']);
    expect(scene.news.filter(({ phase }) => phase === 'services').map(({ step }) => step?.name)).toEqual([undefined, 'web', 'cache', 'db']);
    expect(scene.shutdown.state).toBe('closed');
    expect(scene.clock.timers).toBe(0);
  });

  test('a failure is recorded and the rest goes on', async () => {
    const scene = openScene({ handlers: [['h1'], ['h2']] });
    const done = scene.shutdown.run({ reason: 'quit' });
    await settle();
    await scene.fail('h1', 'no disk');
    await scene.end('h2');
    await scene.end('lock');
    const report = await done;
    expect(report.ok).toBe(true);
    expect(report.steps[0]).toMatchObject({ status: 'failed', error: 'no disk' });
    expect(scene.shutdown.hasCriticalFailure).toBe(false);
  });

  test.each([
    ['a critical handler', { handlers: [['critical1']] }, true],
    ['a service', { groups: [['web']] }, false],
  ])('%s that is not done makes the report not ok', async (_, options, isCritical) => {
    const scene = openScene(options);
    const done = scene.shutdown.run({ reason: 'quit' });
    await settle();
    await scene.fail(scene.began[0] as string, 'stuck');
    await scene.end('lock');
    expect((await done).ok).toBe(false);
    expect(scene.shutdown.hasCriticalFailure).toBe(isCritical);
  });
});

describe('deadlines', () => {
  test.each([
    // deadlineMs, the longest grace, what handlers get
    [15_000, 5_000, 9_000],
    [15_000, 0, 14_000],
    [15_000, 60_000, 5_000],
    [3_000, 5_000, 1_000],
    [300, 0, 100],
  ])('of %i ms, with services of %i ms grace, handlers get %i', async (deadlineMs, graceMs, expected) => {
    const scene = openScene({ handlers: [['h1']], groups: [['web']], graceMs });
    void scene.shutdown.run({ reason: 'quit', deadlineMs });
    await settle();
    expect(scene.remainingMs('h1')).toBe(expected);
    await scene.pass(expected - 1);
    expect(scene.began).toEqual(['h1']);
    await scene.pass(1);
    expect(scene.began).toEqual(['h1', 'web']);
  });

  test('500 ms before the end no service waits for another, and at the end nothing is waited for', async () => {
    const scene = openScene({ groups: [['web'], ['db']] });
    const done = scene.shutdown.run({ reason: 'quit', deadlineMs: 10_000 });
    await scene.pass(9_499);
    expect(scene.began).toEqual(['web']);
    await scene.pass(1);
    expect(scene.began).toEqual(['web', 'db']);
    await scene.pass(399);
    expect(scene.began).toEqual(['web', 'db']);
    await scene.pass(1);
    expect(scene.began).toEqual(['web', 'db', 'lock']);
    await scene.pass(100);
    const report = await done;
    expect(report.ok).toBe(false);
    expect(report.steps.map(({ name, status }) => `${name} ${status}`)).toEqual(['web timeout', 'db timeout', 'lock timeout', 'log done']);
  });

  test('what was late has settled when it has come to its end', async () => {
    const { shutdown, pass, end } = openScene({ groups: [['late']] });
    void shutdown.run({ reason: 'quit', deadlineMs: 2_000 });
    await pass(2_000);
    await end('lock');
    let hasSettled = false;
    void shutdown.settled().then(() => {
      hasSettled = true;
    });
    await pass(10_000);
    expect(hasSettled).toBe(false);
    await end('late');
    expect(hasSettled).toBe(true);
  });

  test('when the host has died, locks go with the last force', async () => {
    const scene = openScene({ groups: [['web']] });
    void scene.shutdown.run({ reason: 'hostDeath', deadlineMs: 3_000, hostIsDead: true });
    await scene.pass(2_499);
    expect(scene.began).toEqual(['web']);
    await scene.pass(1);
    expect(scene.began).toEqual(['web', 'lock']);
  });

  test('handlers that hang leave the services their time', async () => {
    const scene = openScene({ handlers: [['h1'], ['h2']], groups: [['web']], graceMs: 5_000 });
    void scene.shutdown.run({ reason: 'quit' });
    await scene.pass(9_000);
    expect(scene.began).toEqual(['h1', 'h2', 'web']);
    expect(scene.remainingMs('h2')).toBe(0);
    expect(scene.remainingMs('web')).toBe(6_000);
  });
});

describe('joining', () => {
  test('a second call gets the same report; it can bring the end closer, and not put it off', async () => {
    const scene = openScene({ groups: [['web']] });
    const first = scene.shutdown.run({ reason: 'first' });
    const second = scene.shutdown.run({ reason: 'second', deadlineMs: 60_000 });
    await settle();
    expect(scene.remainingMs('web')).toBe(15_000);
    void scene.shutdown.run({ reason: 'third', deadlineMs: 2_000 });
    expect(scene.remainingMs('web')).toBe(2_000);
    void scene.shutdown.run({ reason: 'SIGTERM' });
    expect(scene.remainingMs('web')).toBe(2_000);
    await scene.end('web');
    await scene.end('lock');
    expect(await second).toBe(await first);
    expect((await first).reason).toBe('first');
    expect(await scene.shutdown.run({ reason: 'late' })).toBe(await first);
  });

  test('a deadline that the host chose is not cut short by the end of its input', async () => {
    const scene = openScene({ groups: [['web']] });
    void scene.shutdown.run({ reason: 'update', deadlineMs: 60_000 });
    await settle();
    void scene.shutdown.run({ reason: 'endOfInput' });
    expect(scene.remainingMs('web')).toBe(60_000);
  });

  test('keepRunning ends handlers and services only, and a later shutdown works again', async () => {
    const scene = openScene({ handlers: [['h1']], groups: [['web']] });
    const kept = scene.shutdown.run({ reason: 'update', keepRunning: true });
    await settle();
    expect(scene.shutdown.state).toBe('closing');
    await scene.end('h1');
    await scene.end('web');
    expect((await kept).steps.map(({ name }) => name)).toEqual(['h1', 'web']);
    expect([scene.shutdown.state, scene.reopened()]).toEqual(['open', 1]);

    const last = scene.shutdown.run({ reason: 'quit' });
    await settle();
    await scene.end('h1');
    await scene.end('web');
    await scene.end('lock');
    expect((await last).steps.map(({ name }) => name)).toEqual(['h1', 'web', 'lock', 'log']);
    expect([scene.shutdown.state, scene.reopened()]).toEqual(['closed', 1]);
  });

  test('a whole shutdown that joins one with keepRunning makes it a whole one', async () => {
    const scene = openScene({ groups: [['web']] });
    const kept = scene.shutdown.run({ reason: 'update', keepRunning: true });
    void scene.shutdown.run({ reason: 'quit' });
    await settle();
    await scene.end('web');
    await scene.end('lock');
    expect((await kept).steps.map(({ name }) => name)).toEqual(['web', 'lock', 'log']);
    expect(scene.reopened()).toBe(0);
  });
});

describe('the host’s handlers', () => {
  const answers: [string, HostAnswer<null>, object][] = [
    ['done', { kind: 'answered', result: null }, { status: 'done' }],
    ['failed', { kind: 'failed', message: 'no' }, { status: 'failed', error: 'no' }],
    ['timeout', { kind: 'timeout' }, { status: 'timeout' }],
    ['unavailable', { kind: 'unavailable', reason: 'gone' }, { status: 'unavailable', error: 'gone' }],
  ];
  test.each(answers)('%s', async (_, answer, expected) => {
    const report = await runHandlers([{ name: 'h' }], async () => answer);
    expect(report.steps[0]).toMatchObject(expected);
  });

  test('one that is removed while others run is not run', async () => {
    const report = await runHandlers([{ name: 'a' }, { name: 'b', order: 1 }], async (handlers) => {
      handlers.remove('c1', 'h2');
      return { kind: 'answered', result: null };
    });
    expect(report.steps.map(({ name }) => name)).toEqual(['a', 'log']);
  });

  test('128 a connection, each removed by its own connection only', () => {
    const handlers = createShutdownHandlers(async () => ({ kind: 'timeout' }));
    for (let count = 0; count < 128; count += 1) handlers.add('c1', { name: `h${count}`, order: -count });
    expect(() => handlers.add('c1', { name: 'one more' })).toThrow('128');
    expect(handlers.remove('c2', 'h1')).toBe(false);
    expect(handlers.remove('c1', 'h1')).toBe(true);
    expect(handlers.add('c2', { name: 'another connection' })).toBe('h129');
    expect(handlers.list('c1')[0]).toEqual({ handlerId: 'h128', name: 'h127', order: -127 });
  });

  async function runHandlers(
    wanted: { name: string; order?: number }[],
    answer: (handlers: ShutdownHandlers) => Promise<HostAnswer<null>>,
  ): Promise<ShutdownReport> {
    const handlers: ShutdownHandlers = createShutdownHandlers((async () => answer(handlers)) as CallHost);
    for (const one of wanted) handlers.add('c1', one);
    const clock = createFakeClock();
    const shutdown = createShutdown({
      handlers: handlers.groups,
      services: { close: () => [], reopen() {}, longestGraceMs: () => 0 },
      holdings: () => [],
      log: { kind: 'log', name: 'log', end: async () => null },
      onLeaving() {},
      clock,
    });
    return shutdown.run({ reason: 'quit' });
  }
});

describe('endings', () => {
  test('the first decides; the host’s death and a second SIGTERM leave less time', async () => {
    const hurried: (number | undefined)[] = [];
    const endings = createEndings(({ deadlineMs }) => hurried.push(deadlineMs));
    endings.end({ kind: 'signal', signal: 'SIGTERM' });
    endings.end({ kind: 'endOfInput', framing: 'lsp' });
    expect(await endings.first).toEqual({ kind: 'signal', signal: 'SIGTERM' });
    expect(hurried).toEqual([]);
    endings.end({ kind: 'signal', signal: 'SIGTERM' });
    endings.end({ kind: 'hostDeath' });
    await endings.hurried;
    expect(hurried).toEqual([500, 3_000]);
    expect(endings.has('uncaughtException')).toBe(false);
    endings.end({ kind: 'uncaughtException', error: new Error('late') });
    expect(endings.has('uncaughtException')).toBe(true);
  });

  test('the end of a console of Windows leaves less time than the system does, as the first and as a later one', async () => {
    const close = { kind: 'signal', signal: 'SIGHUP' } as const;
    const order = { reason: 'SIGHUP', deadlineMs: 2_500 };
    expect(orderOf(close)).toEqual(order);
    const first = createEndings(() => {});
    first.end(close);
    expect(await first.first).toEqual(close);
    await first.hurried;
    const hurried: unknown[] = [];
    const later = createEndings((one) => hurried.push(one));
    later.end({ kind: 'endOfInput', framing: 'lsp' });
    later.end(close);
    await later.hurried;
    expect(hurried).toEqual([order]);
  });
});

describe('exit codes', () => {
  const plain = { shutdownAnswered: false, hasHostProcess: false, hasCriticalFailure: false, hasUncaughtException: false };
  const answered = { ...plain, shutdownAnswered: true };
  const watched = { ...plain, hasHostProcess: true };
  const ways: [name: string, ending: Ending, plain: number, watched: number, answered: number][] = [
    ['end of input, LSP', { kind: 'endOfInput', framing: 'lsp' }, 1, 1, 0],
    ['end of input, NDJSON', { kind: 'endOfInput', framing: 'ndjson' }, 0, 1, 0],
    ['end of input before a byte', { kind: 'endOfInput', framing: null }, 1, 1, 0],
    ['unreadable framing', { kind: 'broken', reason: 'header' }, 1, 1, 0],
    ['a host that does not read', { kind: 'outputLost', reason: 'stalled' }, 1, 1, 0],
    ['exit', { kind: 'exit' }, 1, 1, 0],
    ['exit overdue', { kind: 'exitOverdue' }, 0, 0, 0],
    ['host death', { kind: 'hostDeath' }, 1, 1, 0],
    ['SIGTERM', { kind: 'signal', signal: 'SIGTERM' }, 0, 0, 0],
  ];
  test.each(ways)('%s', (_, ending, whenPlain, whenWatched, whenAnswered) => {
    expect([plain, watched, answered].map((circumstances) => exitCodeFor(ending, circumstances))).toEqual([
      whenPlain,
      whenWatched,
      whenAnswered,
    ]);
    for (const circumstances of [plain, watched, answered]) {
      expect(exitCodeFor(ending, { ...circumstances, hasCriticalFailure: true })).toBe(3);
      expect(exitCodeFor(ending, { ...circumstances, hasUncaughtException: true })).toBe(5);
      expect(exitCodeFor(ending, { ...circumstances, hasCriticalFailure: true, hasUncaughtException: true })).toBe(5);
    }
  });
});
