import fs from 'node:fs';
import type { Pidfds } from '../../../native/linux/pidfd.ts';
import { SidewardenError } from '../../../protocol/errors.ts';
import type { ProcessRef } from '../../../protocol/types/process.ts';
import { isMeant } from '../../processRef.ts';
import { hasEnded } from '../parse/procStat.ts';
import { startedAt } from './clocks.ts';
import { type HeldProcess, holdProcess } from './heldProcess.ts';
import { formatIdentity, inodeOf, sameIdentity } from './identity.ts';
import { observeHeld } from './observe.ts';
import { isDenied, isGone } from './procFiles.ts';

/**
 * A descriptor to wait on, closed by whoever gets it: a pidfd, or without those the open /proc/PID/stat, which like the
 * directory stays that of one process. Or the answer, where there is nothing to wait for.
 */
export type ExitTarget = { pidfd: number } | { statFile: number } | { answer: 'exited' | 'denied' };

/**
 * Takes hold of the process that a ref means. The pidfd is opened first, and what identifies the process is read after it,
 * through a directory opened before it: while that can be read, the process is not reaped and the pidfd names it.
 */
export function openExitTarget(ref: ProcessRef, pidfds: Pidfds | null): ExitTarget {
  return openByInode(ref, pidfds) ?? openByLook(ref, pidfds);
}

/** The inode of a pidfd alone proves whose it is. Null where that is not enough to go by. */
function openByInode({ pid, identity, startedAt }: ProcessRef, pidfds: Pidfds | null): ExitTarget | null {
  const inode = identity === undefined || startedAt !== undefined ? null : inodeOf(identity, pid);
  const pidfd = inode === null || pidfds === null ? null : openPidfd(pid, pidfds);
  if (pidfd === null) return null;
  if (pidfds?.inode(pidfd) === inode) return { pidfd };
  fs.closeSync(pidfd);
  return null;
}

function openByLook(ref: ProcessRef, pidfds: Pidfds | null): ExitTarget {
  const held = hold(ref.pid);
  if (held === null) return { answer: 'exited' };
  if (held === 'hidden') return openHidden(ref, pidfds);
  const pidfd = pidfds === null ? null : openPidfd(ref.pid, pidfds);
  let isKept = false;
  try {
    const answer = judge(ref, held, pidfds);
    if (answer !== 'alive') return { answer };
    if (pidfd === null) return openStat(held);
    isKept = true;
    return { pidfd };
  } finally {
    held.close();
    if (pidfd !== null && !isKept) fs.closeSync(pidfd);
  }
}

function openStat(held: HeldProcess): ExitTarget {
  try {
    return { statFile: fs.openSync(`${held.directory}/stat`, fs.constants.O_RDONLY) };
  } catch (error) {
    if (isGone(error)) return { answer: 'exited' };
    throw error;
  }
}

function hold(pid: number): HeldProcess | null | 'hidden' {
  try {
    return holdProcess(pid);
  } catch (error) {
    if (error instanceof SidewardenError && error.failure.kind === 'PermissionDenied') return 'hidden';
    throw error;
  }
}

/** A pidfd needs no permission; but whose it is cannot be told, so it answers only a ref that is nothing but a pid. */
function openHidden(ref: ProcessRef, pidfds: Pidfds | null): ExitTarget {
  const isGuarded = ref.identity !== undefined || ref.startedAt !== undefined;
  const pidfd = isGuarded || pidfds === null ? null : openPidfd(ref.pid, pidfds);
  return pidfd === null ? { answer: 'denied' } : { pidfd };
}

/** Null where there is none: the process has gone, which the next read shows, or a sandbox refuses them. */
function openPidfd(pid: number, pidfds: Pidfds): number | null {
  const opened = pidfds.open(pid);
  return 'fd' in opened ? opened.fd : null;
}

function judge(ref: ProcessRef, held: HeldProcess, pidfds: Pidfds | null): 'alive' | 'exited' | 'denied' {
  try {
    const { stat, status, inode } = observeHeld(held, pidfds, () => null);
    const isThread = status.tgid !== ref.pid;
    if (isThread || hasEnded(stat)) return 'exited';
    const identity = formatIdentity({ pid: stat.pid, startTicks: stat.startTicks, inode });
    return isMeant(ref, { identity, startedAt: startedAt(stat.startTicks) }, sameIdentity) ? 'alive' : 'exited';
  } catch (error) {
    if (isGone(error)) return 'exited';
    if (isDenied(error)) return 'denied';
    throw error;
  }
}
