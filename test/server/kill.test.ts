import { expect, test } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';
import { createGrow } from '../../src/server/processes/growth.ts';
import { createKill, type KillOptions } from '../../src/server/processes/kill.ts';
import { createLadder } from '../../src/server/processes/ladder.ts';
import type { Waiter } from '../../src/workers/platform/types.ts';
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

/** A kill of one process that the system describes like this once it is signalled, on a clock that runs as fast as it is asked. */
async function play(now: ProcessInfo | null, sight: 'neverSeen' | 'blind') {
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
      return [{ answer: 'sent', handle: null }];
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
  const options: KillOptions = { tree: false, signal: 'SIGTERM', graceMs: 1_000, force: true, allowProtected: false };
  const outcomes = await kill({ roots: [info], options, protection: { known: {} }, signal: new AbortController().signal });
  return { outcomes, signals };
}
