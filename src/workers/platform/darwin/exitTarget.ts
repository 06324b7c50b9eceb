import type { ProcessRef } from '../../../protocol/types/process.ts';
import { isMeant } from '../../processRef.ts';
import { sameIdentity } from './identity.ts';
import type { ProcessList } from './processList.ts';

/** Who is waited for, by its identity: nothing on macOS holds a process. Or the answer, where there is nothing to wait for. */
export type ExitTarget = { pid: number; identity: string } | { answer: 'exited' };

/** Everybody may see when a process started, so it is always known whether it is the one that a ref means. */
export async function openExitTarget(ref: ProcessRef, list: ProcessList): Promise<ExitTarget> {
  const row = await list.find(ref.pid);
  if (row === null || row.status === 'zombie') return { answer: 'exited' };
  const found = { identity: row.identity, startedAt: Math.floor(row.startMicros / 1_000) };
  return isMeant(ref, found, sameIdentity) ? { pid: row.pid, identity: row.identity } : { answer: 'exited' };
}
