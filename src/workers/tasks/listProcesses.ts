import type { ProcessFilter, ProcessInfo } from '../../protocol/types/process.ts';
import type { Platform, Processes } from '../platform/types.ts';
import { orHidden } from './target.ts';

export interface ListInput {
  filter?: ProcessFilter;
  /** Only those with a higher pid: where the page before ended. */
  afterPid?: number;
  limit: number;
}

/** The processes that match and that this user may see, by pid; `more` when there is another one behind the limit. */
export async function listProcesses(
  { filter = {}, afterPid = 0, limit }: ListInput,
  { processes }: Platform,
): Promise<{ processes: ProcessInfo[]; more: boolean }> {
  const problem =
    (filter.pgid === undefined ? null : processes.whyNoGroups('group')) ??
    (filter.sid === undefined ? null : processes.whyNoGroups('session'));
  if (problem !== null) throw problem;
  const found: ProcessInfo[] = [];
  for (const pid of await findCandidates(filter, processes)) {
    if (pid <= afterPid) continue;
    const info = await orHidden(() => processes.describe(pid));
    if (info === null || info === 'hidden' || !matches(filter, info)) continue;
    if (found.length === limit) return { processes: found, more: true };
    found.push(info);
  }
  return { processes: found, more: false };
}

/** The cheap filters first: describing a process costs ten times what its parent does. */
async function findCandidates({ pids, ppid }: ProcessFilter, processes: Processes): Promise<number[]> {
  const wanted = pids ?? (ppid === undefined ? await processes.listPids() : childrenOf(ppid, await processes.readParents()));
  return [...new Set(wanted)].sort((left, right) => left - right);
}

const childrenOf = (ppid: number, parents: Map<number, number>): number[] => [...parents.keys()].filter((pid) => parents.get(pid) === ppid);

/** Owner tags are known to the server alone; so here one matches nothing, instead of everything. */
function matches({ pids: _, ...wanted }: ProcessFilter, info: ProcessInfo): boolean {
  return (Object.keys(wanted) as (keyof typeof wanted)[]).every(
    (member) => wanted[member] === undefined || wanted[member] === info[member],
  );
}
