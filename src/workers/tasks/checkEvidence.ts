import { type Evidence, stampOf } from '../evidence.ts';
import type { Platform } from '../platform/types.ts';
import { orHidden } from './target.ts';

/** Whether nothing has changed since. One that we may not see counts as alive. */
export async function checkEvidence({ evidence }: { evidence: Evidence }, { processes }: Platform): Promise<boolean> {
  const { sources, stamp, alive } = evidence;
  if (stampOf(sources) !== stamp) return false;
  for (const { pid, identity } of alive) {
    const now = await orHidden(() => processes.glimpse(pid));
    if (now === 'hidden') continue;
    if (now === null || now.status === 'zombie' || !processes.sameIdentity(now.identity, identity)) return false;
  }
  return true;
}
