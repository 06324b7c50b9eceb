import { SidewardenError } from '../../../protocol/errors.ts';
import type { ProcessRef } from '../../../protocol/types/process.ts';
import { isMeant } from '../../processRef.ts';
import { filetimeToEpochMs } from '../parse/filetime.ts';
import { holdProcess } from './heldProcess.ts';
import { formatIdentity, sameIdentity } from './identity.ts';
import { identityOf, type ProcessList } from './processList.ts';

/** A handle to wait on, closed by whoever gets it. Or the answer, where there is nothing to wait for. */
export type ExitTarget = { handle: number } | Answer;
/** Without native calls: who is waited for, by its identity. */
export type NamedTarget = { pid: number; identity: string } | Answer;

type Answer = { answer: 'exited' | 'denied' };

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

/** The same where nothing holds a process. */
export async function findExitTarget(ref: ProcessRef, list: ProcessList): Promise<NamedTarget> {
  try {
    const row = await list.find(ref.pid);
    if (row === null) return { answer: 'exited' };
    const found = { identity: identityOf(row), startedAt: filetimeToEpochMs(row.created) };
    return isMeant(ref, found, sameIdentity) ? { pid: row.pid, identity: found.identity } : { answer: 'exited' };
  } catch (error) {
    if (error instanceof SidewardenError && error.failure.kind === 'PermissionDenied') return { answer: 'denied' };
    throw error;
  }
}
