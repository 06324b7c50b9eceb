import { Console } from 'node:console';
import { workerData } from 'node:worker_threads';
import { capture } from '../outcome.ts';
import { createPlatform } from './platform/index.ts';
import type { ThreadData } from './pool.ts';
import { type Task, type TaskName, tasks } from './tasks/index.ts';

/*
 * What runs in a pool thread. A thread’s stdout is the process’ own, and that is the wire: whatever prints
 * here, a dependency included, goes to stderr.
 */
Object.defineProperty(process, 'stdout', { get: () => process.stderr });
globalThis.console = new Console(process.stderr, process.stderr);

const { platformName, native } = workerData as ThreadData;
const platform = createPlatform(platformName, { native });

/** Runs one task. A failure is returned as data, because a thrown Error would lose its class on the way. */
export function runTask({ task, input }: { task: TaskName; input: unknown }): unknown {
  const body = tasks[task] as unknown as Task;
  return capture(() => body(input as never, platform));
}
