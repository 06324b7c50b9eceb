import { readdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type Clock, systemClock, type Timer } from '../../src/clock.ts';
import type { ProcessInfo } from '../../src/protocol/types/process.ts';
import { createLinuxProcesses } from '../../src/workers/platform/linux/processes.ts';
import { createWaiter, type Waiter } from '../../src/workers/waiter.ts';
import { onLinux, only } from '../harness/only.ts';
import { until } from '../harness/until.ts';
import { nativeModes, otherThread, program, sourceDirectory, start, startProgram, startZombie } from './processScenes.ts';

const never = () => new AbortController().signal;
const countDescriptors = () => readdirSync('/proc/self/fd').length;

/** Whether a promise is settled by now. */
const isSettled = async (promise: Promise<unknown>) => {
  const pending = Symbol();
  return (await Promise.race([promise.catch(() => null), new Promise((resolve) => setImmediate(resolve, pending))])) !== pending;
};

onLinux(describe).each(nativeModes)('waiter, native %s', (native) => {
  const open = (): Waiter => {
    const waiter = createWaiter({ platform: 'linux', native });
    onTestFinished(() => waiter.close());
    return waiter;
  };
  const look = (pid: number) => createLinuxProcesses({ native }).describe(pid) as ProcessInfo;

  test('says when a process ends, and not before', async () => {
    const waiter = open();
    const { child, pid } = await startProgram('idle.mjs');
    const exit = waiter.waitForExit({ pid, identity: look(pid).identity }, never());
    const other = waiter.waitForExit({ pid, startedAt: look(pid).startedAt }, never());
    expect(await isSettled(exit)).toBe(false);
    child.kill('SIGSTOP');
    await until(() => look(pid).status === 'stopped', 'stopped');
    expect(await isSettled(exit)).toBe(false);
    child.kill('SIGKILL');
    expect(await Promise.all([exit, other])).toEqual([{ kind: 'exited' }, { kind: 'exited' }]);
  });

  test('of a process that is gone, a thread, a zombie or another than the one meant it says so at once', async () => {
    const waiter = open();
    const zombie = await startZombie();
    await until(() => look(zombie.pid)?.status === 'zombie', 'a zombie');
    const { identity, startedAt } = look(process.pid);
    for (const ref of [
      { pid: 0 },
      { pid: 4_194_303 },
      { pid: otherThread() },
      { pid: zombie.pid },
      { pid: process.pid, identity: identity.replace(/^\w+-/, '00000000-') },
      { pid: process.pid, startedAt: startedAt - 3_000 },
    ]) {
      expect(await waiter.waitForExit(ref, never()), JSON.stringify(ref)).toEqual({ kind: 'exited' });
    }
  });

  test('a zombie has ended: the wait does not last until its parent reaps it', async () => {
    const waiter = open();
    const parent = await start('sh', ['-c', 'sleep 600 & echo $!; exec sleep 600']);
    const pid = Number(await parent.line());
    const exit = waiter.waitForExit({ pid }, never());
    process.kill(pid, 'SIGKILL');
    expect(await exit).toEqual({ kind: 'exited' });
    await until(() => look(pid)?.status === 'zombie', 'the zombie that it is now');
  });

  only(nativeModes.includes(true), 'needs koffi')(test)('a process whose first thread ended lives on', async () => {
    const waiter = open();
    const leader = await startProgram('deadLeader.mjs');
    await until(() => look(leader.pid).status === 'other', 'its first thread ends');
    const exit = waiter.waitForExit({ pid: leader.pid }, never());
    expect(await isSettled(exit)).toBe(false);
    expect(await createLinuxProcesses({ native }).sample(leader.pid)).not.toBeNull();
    await leader.kill();
    expect(await exit).toEqual({ kind: 'exited' });
  });

  test('an abort ends one wait with its reason, and the others go on', async () => {
    const waiter = open();
    const { pid, kill } = await startProgram('idle.mjs');
    const abort = new AbortController();
    const aborted = waiter.waitForExit({ pid }, abort.signal);
    const goesOn = waiter.waitForExit({ pid }, never());
    abort.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    await expect(waiter.waitForExit({ pid }, abort.signal)).rejects.toThrow('enough');
    expect(await isSettled(goesOn)).toBe(false);
    await kill();
    expect(await goesOn).toEqual({ kind: 'exited' });
  });

  test('300 waits at once end with their processes and leave no descriptor behind', async () => {
    const waiter = open();
    // The first one opens what stays open for all.
    await waiter.waitForExit({ pid: 4_194_303 }, never());
    const before = countDescriptors();
    const shell = await start('sh', ['-c', 'n=0; while [ $n -lt 100 ]; do sleep 600 & echo $!; n=$((n+1)); done; wait']);
    const pids: number[] = [];
    while (pids.length < 100) pids.push(Number(await shell.line()));
    onTestFinished(() => pids.forEach(killIfThere));
    const abort = new AbortController();
    const waits = pids.flatMap((pid) => [waiter.waitForExit({ pid }, never()), waiter.waitForExit({ pid }, never())]);
    const aborted = pids.map((pid) => waiter.waitForExit({ pid }, abort.signal));
    expect(countDescriptors()).toBeGreaterThan(before + 300);
    abort.abort();
    expect((await Promise.allSettled(aborted)).every(({ status }) => status === 'rejected')).toBe(true);
    pids.forEach(killIfThere);
    expect(new Set((await Promise.all(waits)).map(({ kind }) => kind))).toEqual(new Set(['exited']));
    await shell.kill();
    await until(() => countDescriptors() <= before, 'all descriptors closed');
  });

  test('close ends all waits at once and leaves nothing running', async () => {
    const waiter = createWaiter({ platform: 'linux', native });
    const before = countDescriptors();
    const exit = waiter.waitForExit({ pid: process.pid }, never());
    const startedMs = performance.now();
    const closed = waiter.close();
    await expect(exit).rejects.toMatchObject({ failure: { kind: 'ShuttingDown' } });
    await closed;
    await waiter.close();
    expect(performance.now() - startedMs).toBeLessThan(2_000);
    expect(countDescriptors()).toBeLessThanOrEqual(before);
    await expect(waiter.waitForExit({ pid: process.pid }, never())).rejects.toMatchObject({ failure: { kind: 'ShuttingDown' } });
  });

  test('while nobody waits, no timer is set', async () => {
    const timers = new Set<Timer>();
    const setTimer: Clock['setTimer'] = (delayMs, action) => {
      const timer = systemClock.setTimer(delayMs, () => {
        timers.delete(entry);
        action();
      });
      const entry: Timer = {
        cancel() {
          timers.delete(entry);
          timer.cancel();
        },
      };
      timers.add(entry);
      return entry;
    };
    const waiter = createWaiter({ platform: 'linux', native, clock: { ...systemClock, setTimer } });
    onTestFinished(() => waiter.close());
    const abort = new AbortController();
    const exit = waiter.waitForExit({ pid: process.pid }, abort.signal);
    expect(timers.size).toBe(native ? 0 : 1);
    abort.abort();
    await expect(exit).rejects.toThrow();
    await until(() => timers.size === 0, 'no timer');
  });
});

only(nativeModes.includes(true), 'needs koffi')(test)('when the last wait ends, so does the call in the libuv thread', async () => {
  const { line } = await start(process.execPath, [program('waitAndAbort.mjs'), JSON.stringify(sourceDirectory)]);
  // A call that nobody woke would keep Node for 5 s, and then the next one.
  expect(Number(await line())).toBeLessThan(3_000);
});

test.each(['win32', 'aix'] as const)('on %s there is no way to wait', async (platform) => {
  const waiter = createWaiter({ platform, native: true });
  await expect(waiter.waitForExit({ pid: 1 }, never())).rejects.toMatchObject({ failure: { kind: 'Unsupported', data: { platform } } });
  await waiter.close();
});

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
