import { createPlatform } from '../../src/workers/platform/index.ts';
import type { Platform } from '../../src/workers/platform/types.ts';
import type { Pool } from '../../src/workers/pool.ts';
import { type Task, tasks } from '../../src/workers/tasks/index.ts';
import { hasNative } from './sidecar.ts';

/** Runs the real tasks, in the test’s own thread. */
export function createDirectPool(platform: Platform = createPlatform(process.platform, { native: hasNative })): Pool {
  const run = async (task: keyof typeof tasks, input: unknown) => (tasks[task] as unknown as Task)(input as never, platform);
  return { run: run as Pool['run'], threads: 1, status: () => ({ threads: 0, queued: 0 }), close: async () => {} };
}

/** Who a process is, as a ledger names it; throws when there is none. */
export function markOf(pid: number): { pid: number; identity: string } {
  const identity = createPlatform(process.platform, { native: hasNative }).processes.identify(pid);
  if (typeof identity !== 'string') throw new Error(`no process ${pid} to name`);
  return { pid, identity };
}
