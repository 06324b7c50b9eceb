import type { Clock } from '../../../clock.ts';
import { paceLooks } from '../pacedLooks.ts';
import { sameIdentity } from './identity.ts';
import type { ProcessList } from './processList.ts';

/** Waits by looking whether the processes are still there, and still the same. */
export interface ExitLooks {
  /** The answer forgets it. */
  add(target: { pid: number; identity: string }, onExit: () => void): () => void;
  /** Resolves when no look is under way any more. */
  close(): Promise<void>;
}

/** One look for all: by sysctl some µs each, by ps(1) one run. */
export function createExitLooks(list: ProcessList, clock: Clock): ExitLooks {
  const watched = new Set<Watch>();
  const { hasten, rest } = paceLooks(look, { isNeeded: () => watched.size > 0, clock });

  return {
    add(target, onExit) {
      const watch = { ...target, onExit };
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
    const asked = [...watched];
    const rows = await findAll(asked);
    // What could not be looked at this time may still be there.
    for (const watch of rows === null ? [] : asked) {
      const row = rows?.get(watch.pid);
      const isThere = row !== undefined && row.status !== 'zombie' && sameIdentity(row.identity, watch.identity);
      if (!isThere && watched.has(watch)) watch.onExit();
    }
  }

  async function findAll(asked: readonly Watch[]) {
    try {
      const rows = await list.findSome([...new Set(asked.map(({ pid }) => pid))]);
      return new Map(rows.map((row) => [row.pid, row]));
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
