import type { ProcessInfo, ProcessRef } from '../../protocol/types/process.ts';
import type { Platform } from '../platform/types.ts';
import { isMeant } from '../processRef.ts';
import { orHidden } from './target.ts';

export interface Descriptions {
  /** In the order of the targets; null for one that is gone, another than the one meant, or hidden. */
  processes: (ProcessInfo | null)[];
  /** The pids of those that are there and that this user may not see. */
  denied: number[];
}

/** Says what the targets are, where they still are what was meant. */
export async function describeProcesses({ targets }: { targets: ProcessRef[] }, { processes }: Platform): Promise<Descriptions> {
  const answer: Descriptions = { processes: [], denied: [] };
  for (const target of targets) {
    const found = await orHidden(() => processes.describe(target.pid));
    if (found === 'hidden') answer.denied.push(target.pid);
    const isThere = found !== null && found !== 'hidden' && isMeant(target, found, processes.sameIdentity);
    answer.processes.push(isThere ? found : null);
  }
  return answer;
}
