import { expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';
import { createGrow } from '../../src/server/processes/growth.ts';
import { createKill, type KillOptions } from '../../src/server/processes/kill.ts';
import { createLadder } from '../../src/server/processes/ladder.ts';
import type { Rung, Waiter } from '../../src/workers/platform/types.ts';
import type { Pool } from '../../src/workers/pool.ts';

/* What no real process can be brought to do at will: to outlive SIGKILL, or to end where nobody sees it. */

const info: ProcessInfo = {
  pid: 4_242,
  ppid: 4_000,
  startedAt: 1_790_000_000_000,
  identity: 'boot-4242-1',
  name: 'dd',
  executable: '/usr/bin/dd',
  commandLine: ['dd'],
  cwd: '/',
  user: { id: 1_000, name: 'ada' },
  status: 'sleeping',
  rssBytes: 1,
  visibility: 'full',
};

test.each([
  ['uninterruptible', /waits in the kernel/],
  ['sleeping', /5000 ms after SIGKILL/],
] as const)('one that outlives SIGKILL %s has survived, and the answer says why', async (status, reason) => {
  const { outcomes, signals } = await play({ ...info, status }, 'neverSeen');
  expect(outcomes).toMatchObject([{ outcome: 'survived', signal: 'SIGKILL', reason: expect.stringMatching(reason) }]);
  expect(signals).toEqual(['SIGTERM', 'SIGKILL']);
});

test('an end that the waiter cannot see is looked for', async () => {
  const { outcomes, signals } = await play(null, 'blind');
  expect(outcomes).toMatchObject([{ outcome: 'exited', signal: 'SIGTERM' }]);
  expect(signals).toEqual(['SIGTERM']);
});

test('without signals one is asked in another way, each once, and has its grace', async () => {
  const { outcomes, signals, elapsedMs } = await play(info, 'neverSeen', { way: 'ctrlBreak' });
  expect(signals).toEqual(['SIGTERM', 'ctrlBreak', 'not asked', 'SIGKILL']);
  expect(elapsedMs).toBeGreaterThanOrEqual(1_000);
  expect(outcomes).toMatchObject([{ outcome: 'survived', signal: 'SIGKILL' }]);
  const ended = await play(null, 'blind', { way: 'wmClose' });
  expect(ended.outcomes).toMatchObject([{ outcome: 'exited', rung: 'wmClose', signal: 'SIGTERM' }]);
});

test('one that takes no notice of Ctrl-Break is asked to close its windows when half of its grace is over', async () => {
  const { signals, elapsedMs } = await play(info, 'neverSeen', { way: 'ctrlBreak', otherWay: 'wmClose' });
  expect(signals).toEqual(['SIGTERM', 'ctrlBreak', 'wmClose', 'SIGKILL']);
  expect(elapsedMs).toBeGreaterThanOrEqual(1_000);
  const survivor = await play(info, 'neverSeen', { way: 'ctrlBreak', otherWay: 'wmClose', force: false });
  expect(survivor.outcomes).toMatchObject([{ outcome: 'survived', reason: expect.stringContaining('did not end within') }]);
});

test('one that cannot be asked in any way has no grace, and without force is left alone', async () => {
  const { signals, elapsedMs } = await play(info, 'neverSeen', { way: null });
  expect(signals).toEqual(['SIGTERM', 'not asked', 'SIGKILL']);
  expect(elapsedMs).toBeLessThan(5_500);
  const spared = await play(info, 'neverSeen', { way: null, force: false });
  expect(spared.signals).toEqual(['SIGTERM', 'not asked']);
  expect(spared.outcomes).toMatchObject([{ outcome: 'survived', reason: expect.stringContaining('no way to ask') }]);
});

/** Of a system without signals: how it asks a process to end, and whether force is wanted. */
interface Asking {
  way: Rung | null;
  /** Behind Ctrl-Break. */
  otherWay?: Rung;
  force?: boolean;
}

/** A kill of one process that the system describes like this once it is signalled, on a clock that runs as fast as it is asked. */
async function play(now: ProcessInfo | null, sight: 'neverSeen' | 'blind', asking?: Asking) {
  const signals: string[] = [];
  let timeMs = 0;
  const clock: Clock = {
    ...systemClock,
    monotonicMs: () => timeMs,
    async sleep(delayMs) {
      timeMs += delayMs;
    },
  };
  const answers = {
    signalProcesses: ({ signal }: { signal: string }) => {
      signals.push(signal);
      return [{ answer: asking !== undefined && signal !== 'SIGKILL' ? 'noWay' : 'sent', handle: null }];
    },
    askProcesses: ({ targets: [target] }: { targets: { tried: Rung[] }[] }) => {
      const isAgain = target?.tried.includes('ctrlBreak') === true;
      const way = isAgain ? (asking?.otherWay ?? null) : (asking?.way ?? null);
      signals.push(way ?? 'not asked');
      return [way];
    },
    describeProcesses: () => ({ processes: [now], denied: [] }),
  };
  const pool = { run: async (task: keyof typeof answers, input: never) => answers[task](input) } as unknown as Pool;
  const waiter: Waiter = {
    waitForExit: () => (sight === 'blind' ? Promise.reject(new Error('no descriptors left')) : new Promise(() => {})),
    close: async () => {},
  };
  const kill = createKill({
    pool,
    ladder: createLadder(pool, waiter, clock),
    grow: createGrow(pool),
    gatherProtection: async () => ({ known: {} }),
    clock,
  });
  const options: KillOptions = { tree: false, signal: 'SIGTERM', graceMs: 1_000, force: asking?.force ?? true, allowProtected: false };
  const outcomes = await kill({ roots: [info], options, protection: { known: {} }, signal: new AbortController().signal });
  return { outcomes, signals, elapsedMs: timeMs };
}
