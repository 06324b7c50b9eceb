import type { ProcessInfo, ProcessRef, ProcessTreeEntry } from '../../protocol/types/process.ts';
import type { Platform, Processes } from '../platform/types.ts';
import { getTarget, orHidden } from './target.ts';

/** A process and its descendants, parents first. Throws NotFound, IdentityMismatch, PermissionDenied for the root. */
export async function walkTree({ root }: { root: ProcessRef }, { processes }: Platform): Promise<{ processes: ProcessTreeEntry[] }> {
  const found: ProcessTreeEntry[] = [{ ...(await getTarget(root, processes)), depth: 0 }];
  const childPids = groupByParent(await processes.readParents());
  // The list grows while it is walked.
  for (const parent of found) {
    const candidates = (childPids.get(parent.pid) ?? []).filter((pid) => pid !== root.pid);
    const children = await describeChildren(parent, candidates, processes);
    found.push(...children.map((child) => ({ ...child, depth: parent.depth + 1 })));
  }
  return { processes: found };
}

function groupByParent(parents: Map<number, number>): Map<number, number[]> {
  const children = new Map<number, number[]>();
  for (const [pid, ppid] of parents) {
    const siblings = children.get(ppid);
    if (siblings) siblings.push(pid);
    else children.set(ppid, [pid]);
  }
  return children;
}

/**
 * Those of the candidates that are children of this very parent. Pids may have been given away since the candidates
 * were listed, the parent’s too: a child must name the parent’s pid again, not be older than it (Windows never corrects
 * a ppid), and the parent must be itself still afterwards, so that its pid was its own when the child named it.
 */
async function describeChildren(parent: ProcessInfo, candidates: number[], processes: Processes): Promise<ProcessInfo[]> {
  const children: ProcessInfo[] = [];
  for (const pid of candidates) {
    const child = await orHidden(() => processes.describe(pid));
    if (child !== null && child !== 'hidden' && child.ppid === parent.pid && child.startedAt >= parent.startedAt) children.push(child);
  }
  if (children.length === 0) return [];
  const identity = await orHidden(() => processes.identify(parent.pid));
  return identity !== null && identity !== 'hidden' && processes.sameIdentity(identity, parent.identity) ? children : [];
}
