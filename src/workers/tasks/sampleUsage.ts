import type { ProcessRef } from '../../protocol/types/process.ts';
import type { Platform, Processes, ProcessSample } from '../platform/types.ts';
import { getTarget, notFound, orHidden } from './target.ts';
import { walkTree } from './walkTree.ts';

/** The first look names a process, or a tree by its root; a later one names exactly those that the first has found. */
export type SampleInput = { target: ProcessRef; tree: boolean } | { refs: ProcessSample['ref'][] };

/**
 * CPU time and memory so far. Two looks make a usage; the time between is spent outside of the pool. The first look throws
 * NotFound (for a zombie too), IdentityMismatch, PermissionDenied; a later one leaves out who has ended meanwhile.
 */
export async function sampleUsage(input: SampleInput, platform: Platform): Promise<{ samples: ProcessSample[] }> {
  if ('refs' in input) return { samples: await sampleAll(input.refs, platform.processes) };
  const { target, tree } = input;
  const members = tree ? (await walkTree({ root: target }, platform)).processes : [await getTarget(target, platform.processes)];
  const samples = await sampleAll(members, platform.processes);
  if (samples[0]?.ref.pid !== target.pid) throw notFound(target.pid);
  return { samples };
}

async function sampleAll(refs: ProcessSample['ref'][], processes: Processes): Promise<ProcessSample[]> {
  const samples: ProcessSample[] = [];
  for (const { pid, identity } of refs) {
    const sample = await orHidden(() => processes.sample(pid));
    if (sample !== null && sample !== 'hidden' && processes.sameIdentity(sample.ref.identity, identity)) samples.push(sample);
  }
  return samples;
}
