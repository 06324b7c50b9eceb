import type { Clock } from '../../../clock.ts';
import { paceLooks } from '../pacedLooks.ts';
import { sameIdentity } from './identity.ts';
import { identityOf, type ProcessList } from './processList.ts';

/** Waits by looking: the fallback without native calls. */
export interface ExitLooks {
  /** The answer forgets it. */
  add(target: { pid: number; identity: string }, onExit: () => void): () => void;
  /** Resolves when no look is under way any more. */
  close(): Promise<void>;
}

/** Between two looks whether it is still the same, which takes a run of PowerShell. */
const proofEveryMs = 5_000;

/** A process that is there no more is nobody’s doubt (OpenProcess, by Node itself); one that is there may be another, and is asked for from time to time. */
export function createExitLooks(list: ProcessList, clock: Clock): ExitLooks {
  const watched = new Set<Watch>();
  let provenMs = clock.monotonicMs();
  const { hasten, rest } = paceLooks(look, { isNeeded: () => watched.size > 0, clock });

  return {
    add(target, onExit) {
      const watch = { ...target, onExit };
      if (watched.size === 0) provenMs = clock.monotonicMs();
      watched.add(watch);
      hasten();
      return () => {
        watched.delete(watch);
        if (watched.size === 0) void rest();
      };
    },
    async close() {
      watched.clear();
      await rest();
    },
  };

  async function look(): Promise<void> {
    for (const watch of [...watched]) if (!exists(watch.pid) && watched.has(watch)) watch.onExit();
    if (clock.monotonicMs() - provenMs >= proofEveryMs) await prove();
  }

  async function prove(): Promise<void> {
    const asked = [...watched];
    const found = await findAll(asked);
    provenMs = clock.monotonicMs();
    // What could not be looked at this time may still be there.
    for (const watch of found === null ? [] : asked)
      if (watched.has(watch) && !sameIdentity(found?.get(watch.pid) ?? '', watch.identity)) watch.onExit();
  }

  async function findAll(asked: readonly Watch[]): Promise<Map<number, string> | null> {
    try {
      const rows = await list.findSome([...new Set(asked.map(({ pid }) => pid))]);
      return new Map(rows.map((row) => [row.pid, identityOf(row)]));
    } catch {
      return null;
    }
  }
}

interface Watch {
  pid: number;
  identity: string;
  onExit(): void;
}

/** One that may not be opened is there. */
function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
