import type { ProcessRef } from '../protocol/types/process.ts';

/** `startedAt` is for people: whole seconds of boot time are in it, and it moves when the wall clock is set. */
const startedAtToleranceMs = 2_000;

/** Whether a process that was found under the pid of a ref is the one that the ref means. */
export function isMeant(
  ref: ProcessRef,
  found: { identity: string; startedAt: number },
  sameIdentity: (left: string, right: string) => boolean,
): boolean {
  if (ref.identity !== undefined && !sameIdentity(ref.identity, found.identity)) return false;
  return ref.startedAt === undefined || Math.abs(ref.startedAt - found.startedAt) <= startedAtToleranceMs;
}
