import { readFile } from 'node:fs/promises';
import type { Log } from '../../log.ts';
import { parseProcStat } from '../../workers/platform/parse/procStat.ts';
import type { Waiter } from '../../workers/waiter.ts';

export type HostWatchKind = 'handle' | 'pid' | 'none';

export interface HostWatchOptions {
  processId: number;
  waiter: Waiter;
  /** How the waiter waits here. */
  kind: Exclude<HostWatchKind, 'none'>;
  signal: AbortSignal;
  log: Log;
  onDeath(): void;
}

/**
 * Watches the host, so that the sidecar does not outlive it even where an inherited handle keeps stdin open. Only
 * an ancestor of ours is watched: another pid may be a mistake, or of another namespace, and would end us at random.
 */
export async function watchHost({ processId, waiter, kind, signal, log, onDeath }: HostWatchOptions): Promise<HostWatchKind> {
  // The wait begins before the check: if our ancestor chain leads to this pid afterwards, the handle is of that process.
  const exited = waiter.waitForExit({ pid: processId }, signal);
  exited.catch(() => {});
  if (!(await isAncestor(processId))) {
    log.warn({ processId }, 'processId is no ancestor of the sidecar, so its end is noticed by the end of input only');
    return 'none';
  }
  exited.then(
    ({ kind: answer }) => {
      if (answer === 'exited') onDeath();
      else log.warn({ processId }, 'the host may not be watched; its end is noticed by the end of input only');
    },
    (error: unknown) => {
      if (!signal.aborted) log.warn({ err: error }, 'the host can no longer be watched; its end is noticed by the end of input only');
    },
  );
  return kind;
}

async function isAncestor(pid: number): Promise<boolean> {
  const seen = new Set<number>();
  for (let current = process.ppid; current > 0 && !seen.has(current); current = await parentOf(current)) {
    if (current === pid) return true;
    seen.add(current);
  }
  return false;
}

async function parentOf(pid: number): Promise<number> {
  try {
    return parseProcStat(await readFile(`/proc/${pid}/stat`))?.ppid ?? 0;
  } catch {
    return 0;
  }
}
