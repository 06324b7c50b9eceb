import type { Platform } from '../platform/types.ts';
import { readCount } from '../sharedCount.ts';
import type { Growth, GrowthStep } from './growthQuestion.ts';
import { noteEnds, noteFreed } from './signalProcesses.ts';
import { createTree } from './tree.ts';

/**
 * Who belongs to a set of processes and is not in it yet: children of its members, and members of a group or session
 * whose leader is among them; by identity. Looks again until a look that began when all known ones had stopped finds nobody new:
 * then the set is complete. Many sets share the reading, which is what costs.
 */
export async function growTrees({ questions, waiting }: GrowthStep, platform: Platform): Promise<Growth[]> {
  const trees = questions.map((question) => createTree(question, platform));
  try {
    for (const tree of trees) {
      if (!(await tree.isFounded())) continue;
      await tree.recover();
      await tree.lookUp();
    }
    for (let growing = trees, looks = 0; growing.length > 0 && looks < mostLooks; looks += 1) {
      for (const tree of growing) await tree.freeze();
      const looking = growing.filter((tree) => !tree.isComplete());
      const rows = looking.length === 0 ? [] : platform.signals.readKin(new Map(looking.flatMap((tree) => tree.resting())));
      growing = [];
      for (const tree of looking) if (await tree.take(rows)) growing.push(tree);
    }
    const growths = [];
    for (const tree of trees) growths.push(await tree.finish());
    const struck = growths.map(({ outcomes }) => Object.values(outcomes));
    noteEnds(struck.flat(), platform.signals, () => waiting === undefined || readCount(waiting) > 0);
    for (const outcomes of struck) await noteFreed(outcomes, platform);
    return growths;
  } finally {
    for (const tree of trees) tree.thaw();
  }
}

/** What forks and ends faster than we can look is not caught by looking: the next step looks again. */
const mostLooks = 30;
