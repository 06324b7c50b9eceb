import type { LeftoverSearch } from '../ledger/leftovers.ts';
import { killCgroup } from '../os/cgroup.ts';
import { beginEnding, type EndingParts } from '../supervisor/ending.ts';

/** Ends what earlier runs have left whose sidecar, guard and deputy were all killed. */
export async function endRemains(search: LeftoverSearch, graceMs: number, parts: EndingParts): Promise<void> {
  const remains = await search.find();
  const starts = new Map(remains.found.map(({ start }) => [start.startId, start]));
  const endings = [...starts.values()].map(({ startId, cgroup = null, orphans = [] }) => {
    const contained = {
      cgroup,
      sinceTicks: null,
      ending() {},
      orphans: async () => orphans,
      force: async () => void (cgroup !== null && (await killCgroup(cgroup))),
    };
    return beginEnding({ startId, contained, root: null, leader: null, signal: 'SIGTERM', graceMs }, parts).done;
  });
  await Promise.allSettled(endings);
  await remains.settle();
}
