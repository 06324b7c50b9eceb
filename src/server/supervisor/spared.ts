import type { Pool } from '../../workers/pool.ts';
import type { ProtectionFacts } from '../../workers/protection.ts';

/** Whom not even the end of a service may touch, beyond what is never touched. */
export type GatherSpared = () => Promise<ProtectionFacts>;

/**
 * Ourselves alone: whatever else a service has started ends with it, be it a sidecar of its own or a shell. Read once; while it
 * cannot be read, nothing is ended.
 */
export function createSpared(pool: Pool, ownPid: number): GatherSpared {
  let gathered: Promise<ProtectionFacts> | null = null;
  return () => {
    gathered ??= gather().catch((error: unknown) => {
      gathered = null;
      throw error;
    });
    return gathered;
  };

  async function gather(): Promise<ProtectionFacts> {
    const { processes } = await pool.run('describeProcesses', { targets: [{ pid: ownPid }] });
    const [self] = processes;
    return { known: self ? { [self.identity]: { reason: 'sidecar' } } : {} };
  }
}
