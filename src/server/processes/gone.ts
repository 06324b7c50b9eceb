import { SidewardenError } from '../../protocol/errors.ts';
import type { Processes } from '../../workers/platform/types.ts';

/**
 * Which of these processes have ended, by identity; a zombie has. One that this user may not see may be alive and is not
 * among them. A few cheap reads on the event loop: at start there is no pool yet, and none shall be started for this.
 */
export async function findGone(
  { identify, sameIdentity }: Pick<Processes, 'identify' | 'sameIdentity'>,
  wanted: { pid: number; identity: string }[],
): Promise<Set<string>> {
  const gone = new Set<string>();
  for (const { pid, identity } of wanted) {
    try {
      const now = await identify(pid);
      if (now === null || !sameIdentity(now, identity)) gone.add(identity);
    } catch (error) {
      if (!(error instanceof SidewardenError) || error.failure.kind !== 'PermissionDenied') throw error;
    }
  }
  return gone;
}
