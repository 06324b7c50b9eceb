import { type Evidence, type Ground, isLatest, stampOf } from '../evidence.ts';
import type { Platform } from '../platform/types.ts';
import { orHidden } from './target.ts';

/** Whether nothing has changed since. One that we may not see counts as alive. */
export async function checkEvidence({ evidence }: { evidence: Evidence }, platform: Platform): Promise<boolean> {
  const { processes } = platform;
  if (!isStanding(evidence.ground, platform)) return false;
  for (const { pid, identity } of evidence.alive) {
    const now = await orHidden(() => processes.glimpse(pid));
    if (now === 'hidden') continue;
    if (now === null || now.status === 'zombie' || !processes.sameIdentity(now.identity, identity)) return false;
  }
  return true;
}

function isStanding(ground: Ground, { fileChanges }: Platform): boolean {
  if (ground.kind === 'stamped') return stampOf(ground.sources) === ground.stamp;
  // In this order: whoever begins anew counts first and forgets then.
  if (fileChanges === null || fileChanges.haveHappened(ground.descriptor) || !isLatest(ground)) return false;
  return stampOf({ places: ground.places }) === ground.stamp;
}
