import fs from 'node:fs';
import { constants } from 'node:os';
import { loadPidfds, type Pidfds } from '../../../native/linux/pidfd.ts';
import { loadReadablePoll } from '../../../native/linux/pollReadable.ts';
import { fail, SidewardenError } from '../../../protocol/errors.ts';
import { hasEnded, parseProcStat } from '../parse/procStat.ts';
import type { Hold, Kin, SignalAnswer, Signals } from '../types.ts';
import { holdProcess } from './heldProcess.ts';
import { formatIdentity, inodeOf, sameIdentity } from './identity.ts';
import { observeHeld } from './observe.ts';
import { listPids } from './processes.ts';
import { isDenied, isGone, procReads } from './procFiles.ts';
import { atRest } from './standstill.ts';

/** Signals through a pidfd that was opened before the identity was checked; without those, check and kill back to back. */
export function createLinuxSignals({ native }: { native: boolean }): Signals {
  const pidfds = () => (native ? loadPidfds() : null);
  return {
    hold: (pid, identity) => hold(pid, identity, pidfds()),
    release(handle) {
      if (handle !== null) fs.closeSync(handle);
    },
    send: (target, signal) => send(target, signalNumber(signal), pidfds()),
    rung: () => 'signal',
    readKin: (known) => readKin({ native, known }),
    atRest: (pid) => atRest(pid, procReads({ native })),
    awaitEnds: (handles, withinMs) => (native ? awaitEnds(handles, withinMs) : new Set()),
  };
}

function hold(pid: number, identity: string, pidfds: Pidfds | null): Hold {
  return holdByInode(pid, identity, pidfds) ?? holdByLook(pid, identity, pidfds);
}

/** The inode of a pidfd alone proves whose it is; null where identity or kernel have none, or all is not as it should be. */
function holdByInode(pid: number, identity: string, pidfds: Pidfds | null): Hold | null {
  const inode = inodeOf(identity, pid);
  const opened = inode === null ? undefined : pidfds?.open(pid);
  if (opened === undefined || !('fd' in opened)) return null;
  let isKept = false;
  try {
    const stat = pidfds?.inode(opened.fd) === inode ? parseProcStat(procReads({ native: true }).file(`/proc/${pid}/stat`)) : null;
    isKept = stat !== null && !hasEnded(stat);
    return isKept ? { kind: 'held', handle: opened.fd } : null;
  } catch (error) {
    if (isGone(error) || isDenied(error)) return null;
    throw error;
  } finally {
    if (!isKept) fs.closeSync(opened.fd);
  }
}

/**
 * The pidfd comes first and the identity is read after it, through a directory opened before it: while that can be
 * read the process is not reaped, so the pidfd names the process that was identified.
 */
function holdByLook(pid: number, identity: string, pidfds: Pidfds | null): Hold {
  const held = holdOrDenied(pid);
  if (held === null) return { kind: 'gone' };
  if (held === 'denied') return { kind: 'denied' };
  const opened = pidfds?.open(pid);
  const handle = opened && 'fd' in opened ? opened.fd : null;
  let isKept = false;
  try {
    const { stat, status, inode } = observeHeld(held, pidfds, () => null);
    const isMeant = status.tgid === pid && sameIdentity(identity, formatIdentity({ pid, startTicks: stat.startTicks, inode }));
    if (!isMeant) return { kind: 'identityMismatch' };
    if (hasEnded(stat)) return { kind: 'zombie', ppid: stat.ppid };
    isKept = true;
    return { kind: 'held', handle };
  } catch (error) {
    if (isGone(error)) return { kind: 'gone' };
    if (isDenied(error)) return { kind: 'denied' };
    throw error;
  } finally {
    held.close();
    if (handle !== null && !isKept) fs.closeSync(handle);
  }
}

function holdOrDenied(pid: number) {
  try {
    return holdProcess(pid);
  } catch (error) {
    if (error instanceof SidewardenError && error.failure.kind === 'PermissionDenied') return 'denied';
    throw error;
  }
}

function send(
  { pid, identity, handle }: { pid: number; identity: string; handle: number | null },
  signal: number,
  pidfds: Pidfds | null,
): SignalAnswer {
  if (handle !== null && pidfds !== null) return answerOf(pidfds.signal(handle, signal));
  const found = hold(pid, identity, null);
  if (found.kind !== 'held') return found.kind === 'zombie' ? 'gone' : found.kind;
  try {
    process.kill(pid, signal);
    return 'sent';
  } catch (error) {
    return answerOf(-((error as NodeJS.ErrnoException).errno ?? 0));
  }
}

/** A pidfd is readable when all threads of its process have ended: pidfd_open(2). */
function awaitEnds(handles: readonly number[], withinMs: number): Set<number> {
  const poll = loadReadablePoll();
  const ended = new Set<number>();
  const untilMs = performance.now() + withinMs;
  for (let remainingMs = withinMs; poll !== null; remainingMs = untilMs - performance.now()) {
    const living = handles.filter((handle) => !ended.has(handle));
    for (const handle of poll.pollHere(living, 0) ?? []) ended.add(handle);
    const last = living.findLast((handle) => !ended.has(handle));
    if (last === undefined || remainingMs <= 0) break;
    // Only the one that was signalled last is waited for: to look at all whenever one of hundreds ends would take their processor.
    poll.pollHere([last], Math.ceil(remainingMs));
  }
  return ended;
}

function answerOf(errno: number): SignalAnswer {
  if (errno === 0) return 'sent';
  if (errno === constants.errno.ESRCH) return 'gone';
  if (errno === constants.errno.EPERM) return 'denied';
  throw new Error(`a signal could not be sent: errno ${errno}`);
}

function signalNumber(name: string): number {
  const number = (constants.signals as Record<string, number>)[name];
  if (number === undefined)
    throw fail('Unsupported', `This system has no signal ${name}.`, { capability: `signal/${name}`, platform: 'linux' });
  return number;
}

/** One read of /proc/PID/stat each; kernel threads are no one’s kin, a zombie is until it is reaped. */
function readKin({ native, known }: { native: boolean; known: ReadonlyMap<number, Kin> | undefined }): Kin[] {
  const reads = procReads({ native });
  const kin: Kin[] = [];
  for (const pid of listPids()) {
    const before = known?.get(pid);
    if (before !== undefined) {
      kin.push(before);
      continue;
    }
    try {
      const stat = parseProcStat(reads.file(`/proc/${pid}/stat`));
      if (stat === null || stat.isKernelThread) continue;
      kin.push({ pid, ppid: stat.ppid, pgid: stat.pgid, sid: stat.sid, startTicks: stat.startTicks });
    } catch (error) {
      if (!isGone(error) && !isDenied(error)) throw error;
    }
  }
  return kin;
}
