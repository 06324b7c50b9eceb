import type { ProcessInfo, ProcessRef } from '../../protocol/types/process.ts';
import type { Platform } from '../platform/types.ts';
import { orHidden } from './target.ts';

/** A process and its ancestors, from it upwards, as far as this user may see them. Pid 1 is the last. */
export async function listAncestors(
  { of }: { of: Pick<ProcessRef, 'pid'> },
  { processes }: Platform,
): Promise<{ processes: ProcessInfo[] }> {
  const chain: ProcessInfo[] = [];
  for (let pid = of.pid; pid > 0 && !chain.some((known) => known.pid === pid); ) {
    const info = await orHidden(() => processes.describe(pid));
    if (info === null || info === 'hidden') break;
    chain.push(info);
    pid = info.ppid;
  }
  return { processes: chain };
}
