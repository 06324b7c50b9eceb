import { shareCandidates } from '../../workers/candidates.ts';
import type { OwnerScan } from '../../workers/platform/types.ts';
import type { Pool } from '../../workers/pool.ts';

/** Finds the processes that hold sockets. */
export type FindOwners = (keys: number[], candidates: number[]) => Promise<OwnerScan>;

/**
 * Reading every descriptor of every process is by far the longest look. So it is spread over all threads, and
 * requests that arrive while one scan runs share the next: their keys are looked for together. The next one and
 * not the present one, because a scan must begin after the sockets were read.
 */
export function createOwnerFinder(pool: Pool): FindOwners {
  let waiting: Batch | null = null;
  let scanning = false;

  return async function findOwners(keys, candidates) {
    if (keys.length === 0) return { owners: [], unreadable: 0 };
    waiting ??= { keys: new Set(), candidates: new Set(), answer: Promise.withResolvers<OwnerScan>() };
    for (const key of keys) waiting.keys.add(key);
    for (const pid of candidates) waiting.candidates.add(pid);
    const { promise } = waiting.answer;
    if (!scanning) void scanAll();
    const { owners, unreadable } = await promise;
    const wanted = new Set(keys);
    return { owners: owners.filter(({ key }) => wanted.has(key)), unreadable };
  };

  async function scanAll(): Promise<void> {
    scanning = true;
    for (let batch = waiting; batch !== null; batch = waiting) {
      waiting = null;
      await scan(batch).then(batch.answer.resolve, batch.answer.reject);
    }
    scanning = false;
  }

  async function scan({ keys, candidates }: Batch): Promise<OwnerScan> {
    const input = { keys: [...keys], work: shareCandidates([...candidates]) };
    const queued = new AbortController();
    const parts = Array.from({ length: pool.threads }, () => pool.run('scanOwners', input, { whileQueued: queued.signal }));
    // A part comes back when no candidate is left to take. One that is still queued by then, behind other work,
    // has nothing to do: it is forgotten instead of waited for.
    await Promise.race(parts).finally(() => queued.abort());
    return merge(await Promise.allSettled(parts), queued.signal);
  }
}

interface Batch {
  keys: Set<number>;
  candidates: Set<number>;
  answer: PromiseWithResolvers<OwnerScan>;
}

function merge(parts: PromiseSettledResult<OwnerScan>[], forgotten: AbortSignal): OwnerScan {
  const whole: OwnerScan = { owners: [], unreadable: 0 };
  for (const part of parts) {
    if (part.status === 'fulfilled') {
      whole.owners.push(...part.value.owners);
      whole.unreadable += part.value.unreadable;
    } else if (part.reason !== forgotten.reason) {
      throw part.reason;
    }
  }
  return whole;
}
