import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Pool } from '../../workers/pool.ts';
import { findProcesses } from '../ledger/leftovers.ts';
import type { Start } from '../ledger/records.ts';

export interface OwnedQuestion {
  /** What was started and has not ended. */
  starts: Start[];
  ownerTag: string;
  signal?: AbortSignal | undefined;
}

/**
 * All that lives of what was started on behalf of an owner, with `service` and `ownerTag`; by pid. Each is found as its end would find
 * it: by cgroup, session, mark and descent.
 */
export async function findOwned(pool: Pool, { starts, ownerTag, signal }: OwnedQuestion): Promise<ProcessInfo[]> {
  const { found } = await findProcesses(
    pool,
    starts.filter((start) => start.ownerTag === ownerTag),
  );
  const targets = found.map(({ process: { pid, identity } }) => ({ pid, identity }));
  if (targets.length === 0) return [];
  const { processes } = await pool.run('describeProcesses', { targets }, { signal });
  return processes
    .flatMap((info, index) => (info === null ? [] : [{ ...info, service: found[index]?.start.name ?? '', ownerTag }]))
    .sort((left, right) => left.pid - right.pid);
}
