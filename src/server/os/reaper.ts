import type { ChildProcess } from 'node:child_process';
import diagnostics from 'node:diagnostics_channel';
import { readFile } from 'node:fs/promises';
import { loadSubreaper, type Subreaper } from '../../native/linux/subreaper.ts';
import { isOwnChild } from './ownChildren.ts';

/**
 * Takes in the orphans of our descendants. The kernel makes them our children when their parents end, and Node, which knows
 * only those that it has started, collects none of them.
 */
export interface Reaper {
  /** From now on. False where the system gives us no orphans: without native calls, or without a list of our children (CONFIG_PROC_CHILDREN). */
  begin(): Promise<boolean>;
  /** Collects those that have ended, and gives the pids of those that live. */
  look(): Promise<number[]>;
  /** This one is waited for by somebody else, until the answer is called. */
  reserve(pid: number): () => void;
  /** Calls back when a child of ours has ended, whoever’s it was. */
  onChildEnd(listener: () => void): void;
}

/** Before anything is started: only whom Node has started since then is left to Node. */
export function createReaper({ native, pid }: { native: boolean; pid: number }): Reaper {
  // Orphans go to the first thread of a process (find_new_reaper in kernel/exit.c), which is the one that runs us.
  const list = `/proc/${pid}/task/${pid}/children`;
  const isNodes = native ? watchNodesChildren() : () => true;
  const reserved = new Set<number>();
  let subreaper: Subreaper | null = null;
  return {
    async begin() {
      if (!native || (await readPids(list)) === null) return false;
      const calls = loadSubreaper();
      if (calls?.begin()) subreaper = calls;
      return subreaper !== null;
    },
    async look() {
      const pids = subreaper === null ? [] : ((await readPids(list)) ?? []);
      // In one turn of the event loop: what was started is known by then, and nothing is collected in between.
      return pids.filter((child) => !isNodes(child) && !isOwnChild(child) && !reserved.has(child) && subreaper?.collect(child) === 'lives');
    },
    reserve(child) {
      reserved.add(child);
      return () => void reserved.delete(child);
    },
    onChildEnd: (listener) => void process.on('SIGCHLD', listener),
  };
}

async function readPids(path: string): Promise<number[] | null> {
  const text = await readFile(path, 'latin1').catch(() => null);
  return text === null ? null : text.split(' ').filter(Boolean).map(Number);
}

/** Whoever waited for one of Node’s would take its end away from Node, which then never tells of it. */
function watchNodesChildren(): (pid: number) => boolean {
  const living = new Set<ChildProcess>();
  diagnostics.subscribe('child_process', (message) => void living.add((message as { process: ChildProcess }).process));
  return (pid) => {
    for (const child of living) if (child.exitCode !== null || child.signalCode !== null) living.delete(child);
    return [...living].some((child) => child.pid === pid);
  };
}
