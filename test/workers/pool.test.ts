import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createPool, type Pool, type PoolOptions, type RunOptions } from '../../src/workers/pool.ts';
import { until } from '../harness/until.ts';

const faulty = new URL('../fixtures/threads/faulty.ts', import.meta.url);
const quiet = { debug() {}, info() {}, warn() {}, error() {}, fatal() {} };

describe('pool', () => {
  test('a failure of a task arrives with its kind', async () => {
    const { run } = openPool();
    await expect(run('fail')).rejects.toMatchObject({ failure: { kind: 'NotFound', data: { what: 'it' } } });
  });

  test.each(['exit', 'outOfMemory', 'throwText'])('after %s the task has its error and the next one works', async (fault) => {
    const { run } = openPool();
    await expect(run(fault)).rejects.toBeDefined();
    expect(await run('echo', { value: 1 })).toBe(1);
  });

  test('a task that runs too long ends with TimedOut, and its thread with it', async () => {
    const { run } = openPool({ threads: 1 });
    const flags = new SharedArrayBuffer(8);
    await expect(run('block', { flags }, { timeoutMs: 200 })).rejects.toMatchObject({ failure: { kind: 'TimedOut' } });
    expect(await run('echo', { value: 2 })).toBe(2);
  });

  test('a worker file that does not load fails the task; once it loads, the next one works', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sidewarden-pool-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'entry.ts');
    await writeFile(file, 'throw new Error("does not load");');
    const { run } = openPool({ entry: pathToFileURL(file) });
    await expect(run('echo', { value: 3 })).rejects.toThrow('does not load');
    await expect(run('echo', { value: 3 })).rejects.toThrow('does not load');
    await copyFile(faulty, file);
    expect(await run('echo', { value: 3 })).toBe(3);
  });

  test('an aborted task that waits in the queue is forgotten, one that runs is not cut off', async () => {
    const { run, pool } = openPool({ threads: 1 });
    const flags = new SharedArrayBuffer(8);
    const running = new AbortController();
    const queued = new AbortController();
    const first = run('block', { flags }, { signal: running.signal });
    await until(() => Atomics.load(new Int32Array(flags), 0) === 1, 'the task to run');
    const second = run('echo', { value: 4 }, { signal: queued.signal });
    expect(pool.status()).toEqual({ threads: 1, queued: 1 });

    queued.abort(new Error('no longer wanted'));
    await expect(second).rejects.toThrow('no longer wanted');
    expect(pool.status()).toEqual({ threads: 1, queued: 0 });

    running.abort(new Error('not this one either'));
    await expect(first).rejects.toThrow('not this one either');
    expect(pool.status().threads).toBe(1);
    release(flags);
    expect(await run('echo', { value: 5 })).toBe(5);
  });

  test('whileQueued forgets only what has not begun', async () => {
    const { run } = openPool({ threads: 1 });
    const flags = new SharedArrayBuffer(8);
    const { signal, abort } = withAbort();
    const first = run('block', { flags }, { whileQueued: signal });
    await until(() => Atomics.load(new Int32Array(flags), 0) === 1, 'the task to run');
    const second = run('echo', { value: 6 }, { whileQueued: signal });
    abort();
    await expect(second).rejects.toThrow();
    release(flags);
    expect(await first).toBe('released');
  });

  test('threads that nobody needs end, and that is told when it was the last', async () => {
    let ends = 0;
    const { run } = openPool({
      onThreadsEnd() {
        ends += 1;
      },
    });
    await Promise.all([run('echo', { value: 8 }), run('echo', { value: 9 })]);
    await until(() => ends === 1, 'the end of the last thread');
    expect(await run('echo', { value: 10 })).toBe(10);
    await until(() => ends === 2, 'the end of the next thread');
  });

  test('an abort before the call runs nothing', async () => {
    const { run, pool } = openPool();
    await expect(run('echo', { value: 7 }, { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late');
    expect(pool.status()).toEqual({ threads: 0, queued: 0 });
  });
});

function openPool({ threads = 2, entry = faulty, onThreadsEnd }: Partial<Pick<PoolOptions, 'threads' | 'entry' | 'onThreadsEnd'>> = {}) {
  const pool: Pool = createPool({
    platformName: process.platform,
    native: false,
    threads,
    idleTimeoutMs: 1_000,
    ...(onThreadsEnd && { onThreadsEnd }),
    entry,
    clock: systemClock,
    log: quiet,
  });
  onTestFinished(() => pool.close());
  const run = (task: string, input: object = {}, options: RunOptions = {}) =>
    pool.run(task as never, input as never, options) as Promise<unknown>;
  return { pool, run };
}

function release(flags: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(flags), 1, 1);
  Atomics.notify(new Int32Array(flags), 1);
}

function withAbort() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
