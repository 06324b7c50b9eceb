import { fileURLToPath } from 'node:url';
import type { Piscina } from 'piscina';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type Outcome, unwrap } from '../outcome.ts';
import { fail } from '../protocol/errors.ts';
import type { TaskInput, TaskName, TaskValue } from './tasks/index.ts';

/** Runs tasks in threads. The only importer of piscina. */
export interface Pool {
  /**
   * Runs a task and resolves with its value. Aborting `signal` rejects at once with its reason: a queued task is
   * forgotten, a running one finishes and is thrown away, so that cancelling never costs a thread.
   * Rejects with TimedOut after `timeoutMs` of running, which does end the thread; with the task’s own failure;
   * with an Error when the thread died.
   */
  run<Name extends TaskName>(task: Name, input: TaskInput<Name>, options?: RunOptions): Promise<TaskValue<Name>>;
  /** How many tasks may run at the same time. */
  readonly threads: number;
  status(): { threads: number; queued: number };
  close(): Promise<void>;
}

export interface RunOptions {
  signal?: AbortSignal | undefined;
  /** Aborting it forgets the task if it has not begun, and rejects with the signal’s reason; one that runs goes on. */
  whileQueued?: AbortSignal;
  timeoutMs?: number;
}

/** What every thread is told once. */
export interface ThreadData {
  platformName: NodeJS.Platform;
  native: boolean;
}

export interface PoolOptions extends ThreadData {
  threads: number;
  /** Idle threads end after this long, and give their 8 to 11 MB back. */
  idleTimeoutMs: number;
  /** All threads have been told to end. */
  onThreadsEnd?: () => void;
  clock: Clock;
  log: Log;
  /** The file whose `runTask` the threads call. */
  entry: URL;
}

const defaultTaskTimeoutMs = 20_000;
/** Signalling is never cut off halfway, which could leave somebody stopped; it takes milliseconds. */
const neverCutOff: readonly TaskName[] = ['growTrees', 'signalProcesses', 'releaseHandles'];
const longestSignallingMs = 500;

interface Job {
  task: TaskName;
  input: unknown;
  timeoutMs: number;
  answered: Promise<unknown>;
  resolve(outcome: Outcome<unknown>): void;
  reject(error: unknown): void;
}

export function createPool(options: PoolOptions): Pool {
  const { threads, clock, log } = options;
  // Our own queue before piscina’s, which never gets more than it has threads for: so a queued task can be
  // forgotten for nothing, and the length of the queue is known.
  const queue: Job[] = [];
  const running = new Set<Job>();
  let piscina: Promise<Piscina> | null = null;
  let closed = false;

  return { run, threads, status: () => ({ threads: running.size, queued: queue.length }), close };

  async function run<Name extends TaskName>(task: Name, input: TaskInput<Name>, options: RunOptions = {}): Promise<TaskValue<Name>> {
    const { signal, whileQueued, timeoutMs = defaultTaskTimeoutMs } = options;
    signal?.throwIfAborted();
    if (closed) throw shuttingDown();
    const { promise, resolve, reject } = Promise.withResolvers<Outcome<unknown>>();
    const job: Job = { task, input, timeoutMs, answered: promise, resolve, reject };
    const onAbort = () => {
      forget(job);
      reject(signal?.reason);
    };
    const onForget = () => {
      if (forget(job)) reject(whileQueued?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    whileQueued?.addEventListener('abort', onForget, { once: true });
    queue.push(job);
    startNext();
    try {
      return unwrap(await promise) as TaskValue<Name>;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      whileQueued?.removeEventListener('abort', onForget);
    }
  }

  function forget(job: Job): boolean {
    const place = queue.indexOf(job);
    if (place !== -1) queue.splice(place, 1);
    return place !== -1;
  }

  function startNext(): void {
    while (running.size < threads && !closed) {
      const job = queue.shift();
      if (job === undefined) return;
      running.add(job);
      void start(job);
    }
  }

  async function start(job: Job): Promise<void> {
    const timeUp = createAbort();
    const timer = clock.setTimer(job.timeoutMs, () => timeUp.abort());
    try {
      piscina ??= open();
      const pool = await piscina;
      job.resolve((await pool.run({ task: job.task, input: job.input }, { signal: timeUp.signal })) as Outcome<unknown>);
    } catch (error) {
      job.reject(timeUp.signal.aborted ? timedOut(job) : error);
    } finally {
      timer.cancel();
      if (running.delete(job)) startNext();
    }
  }

  async function open(): Promise<Piscina> {
    // Loaded with the first task, not before: a sidecar that is never asked to look needs neither code nor threads.
    const { Piscina } = await import('piscina');
    const opened = new Piscina({
      filename: fileURLToPath(options.entry),
      name: 'runTask',
      minThreads: 0,
      maxThreads: threads,
      concurrentTasksPerWorker: 1,
      idleTimeout: options.idleTimeoutMs,
      atomics: 'sync',
      workerData: { platformName: options.platformName, native: options.native } satisfies ThreadData,
      resourceLimits: { maxOldGenerationSizeMb: 256 },
      recordTiming: false,
      // What native calls open Node does not know of, and it would complain, into memory, at each fs.closeSync of such.
      trackUnmanagedFds: false,
    });
    // Told right before piscina forgets the thread.
    opened.on('workerDestroy', () =>
      queueMicrotask(() => {
        if (opened.threads.length === 0) options.onThreadsEnd?.();
      }),
    );
    // A worker file that does not load fails no task: piscina reports it here and would let every task hang.
    // So all of them get the error, and the next task builds a new pool.
    opened.on('error', (error: unknown) => {
      log.error({ err: error }, 'a worker thread could not start');
      abandon(opened, error);
    });
    return opened;
  }

  function abandon(broken: Piscina, error: unknown): void {
    piscina = null;
    for (const job of running) job.reject(error);
    running.clear();
    void broken.destroy().catch((cause: unknown) => log.error({ err: cause }, 'a broken pool could not be ended'));
    startNext();
  }

  async function close(): Promise<void> {
    closed = true;
    for (const job of queue.splice(0)) job.reject(shuttingDown());
    const signalling = [...running].filter(({ task }) => neverCutOff.includes(task)).map(({ answered }) => answered);
    if (signalling.length > 0) await Promise.race([Promise.allSettled(signalling), clock.sleep(longestSignallingMs)]);
    // One that could not be opened has failed its tasks already.
    await (await piscina?.catch(() => null))?.destroy();
  }
}

/** As much of an AbortController as piscina asks for: a real one costs more than handing over the task. */
function createAbort() {
  let onAbort: (() => void) | null = null;
  const signal = {
    aborted: false,
    addEventListener(_name: 'abort', listener: () => void) {
      onAbort = listener;
    },
    removeEventListener() {
      onAbort = null;
    },
  };
  return {
    signal,
    abort() {
      signal.aborted = true;
      onAbort?.();
    },
  };
}

function shuttingDown() {
  return fail('ShuttingDown', 'The sidecar is shutting down.', {});
}

function timedOut(job: Job) {
  return fail(
    'TimedOut',
    `Looking took longer than ${job.timeoutMs} ms (${job.task}); the system may be overloaded, so try again later.`,
    {},
  );
}
