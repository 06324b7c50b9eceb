import type { ProcessRef } from '../../../protocol/types/process.ts';
import { isMeant } from '../../processRef.ts';
import { filetimeToEpochMs } from '../parse/filetime.ts';
import { holdProcess } from './heldProcess.ts';
import { formatIdentity, sameIdentity } from './identity.ts';

/** A handle to wait on, closed by whoever gets it. Or the answer, where there is nothing to wait for. */
export type ExitTarget = { handle: number } | { answer: 'exited' | 'denied' };

/** Takes hold of the process that a ref means; while the handle is open the pid is its own. */
export function openExitTarget(ref: ProcessRef): ExitTarget {
  const held = holdProcess(ref.pid);
  if (held === null) return { answer: 'exited' };
  if (held === 'denied') return { answer: 'denied' };
  const found = { identity: formatIdentity(held), startedAt: filetimeToEpochMs(held.created) };
  if (isMeant(ref, found, sameIdentity)) return { handle: held.handle };
  held.close();
  return { answer: 'exited' };
}
