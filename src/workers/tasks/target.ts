import { fail, SidewardenError } from '../../protocol/errors.ts';
import type { ProcessInfo, ProcessRef } from '../../protocol/types/process.ts';
import type { Processes } from '../platform/types.ts';
import { isMeant } from '../processRef.ts';

/** The process that a ref means. Throws NotFound, IdentityMismatch, PermissionDenied. */
export async function getTarget(ref: ProcessRef, processes: Processes): Promise<ProcessInfo> {
  const found = await processes.describe(ref.pid);
  if (found === null) throw notFound(ref.pid);
  if (isMeant(ref, found, processes.sameIdentity)) return found;
  const message = `Process ${ref.pid} is another one than the one meant, which has ended; the pid was given away again. Look it up anew.`;
  throw fail('IdentityMismatch', message, {
    expected: ref.identity ?? `started at ${ref.startedAt}`,
    actual: ref.identity === undefined ? `started at ${found.startedAt}` : found.identity,
  });
}

export function notFound(pid: number): SidewardenError {
  return fail('NotFound', `No process has pid ${pid}; it has ended, or never was.`, { what: `process ${pid}` });
}

/** What `look` says of a process, or `hidden` where this user may not see it. */
export async function orHidden<Value>(look: () => Value | Promise<Value>): Promise<Value | 'hidden'> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof SidewardenError && error.failure.kind === 'PermissionDenied') return 'hidden';
    throw error;
  }
}
