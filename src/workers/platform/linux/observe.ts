import fs from 'node:fs';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { Pidfds } from '../../../native/linux/pidfd.ts';
import { type ProcStat, parseProcStat } from '../parse/procStat.ts';
import { type ProcStatus, parseProcStatus } from '../parse/procStatus.ts';
import { decodeText } from '../parse/text.ts';
import { assertOwnProc, denied, type HeldProcess, holdProcess } from './heldProcess.ts';
import { isDenied, isGone, procReads, readProcFile } from './procFiles.ts';

/** What was seen of one and the same process. */
export interface Observation<Seen> {
  stat: ProcStat;
  status: ProcStatus;
  /** Of its pidfd; null where there is none of its own. */
  inode: bigint | null;
  seen: Seen;
}

/**
 * Looks at a process without ever mixing two of one pid; null when there is none, or only a thread of that id. `look` reads
 * below `/proc/<pid>` and must take whatever it finds there. Throws PermissionDenied, and Unsupported without a /proc.
 */
export function observe<Seen>(pid: number, pidfds: Pidfds | null, look: (directory: string) => Seen): Observation<Seen> | null {
  // When it ends meanwhile, the pid may already be another’s, and that one is asked for as well.
  for (let attempt = 0; attempt < 3; attempt++) {
    const held = holdProcess(pid);
    if (held === null) return null;
    try {
      const observation = observeHeld(held, pidfds, look);
      return observation.status.tgid === pid && !isReaped(observation.stat) ? observation : null;
    } catch (error) {
      if (isDenied(error)) throw denied(pid);
      if (!isGone(error)) throw error;
    } finally {
      held.close();
    }
  }
  return null;
}

/** Caught on its way out: the kernel has no group for it any more and prints -1 (fs/proc/array.c, do_task_stat). */
const isReaped = ({ state, pgid }: ProcStat): boolean => state === 'X' || pgid < 0;

/**
 * The order is the proof. The last read goes through the directory that was opened first and fails if that process was
 * reaped; so the pid was its own all the while, and so was everything that was found by the pid in between.
 */
export function observeHeld<Seen>(held: HeldProcess, pidfds: Pidfds | null, look: (directory: string) => Seen): Observation<Seen> {
  const directory = `/proc/${held.pid}`;
  const inode = pidfds === null ? null : readInode(held.pid, pidfds);
  const status = parseProcStatus(decodeText(readProcFile(`${directory}/status`)));
  const seen = look(directory);
  return { stat: readStat(held), status: status ?? malformed('status'), inode, seen };
}

/**
 * The same without its directory and its status, which is half of the time; null where that is not enough to go by. Here the pidfd
 * is the proof: only processes have one, and while it takes a signal (0: none) its process is not reaped and the pid its own.
 * Whoever gets it closes it.
 */
export function observeByPidfd<Seen>(
  pid: number,
  pidfds: Pidfds,
  look: (directory: string) => Seen,
): (Omit<Observation<Seen>, 'status'> & { pidfd: number }) | null {
  assertOwnProc();
  const opened = pidfds.open(pid);
  if (!('fd' in opened)) return null;
  let isKept = false;
  try {
    const inode = pidfds.inode(opened.fd);
    const stat = parseProcStat(procReads({ native: true }).file(`/proc/${pid}/stat`));
    const seen = look(`/proc/${pid}`);
    const isThere = [0, constants.errno.EPERM].includes(pidfds.signal(opened.fd, 0));
    isKept = stat !== null && !isReaped(stat) && isThere;
    return stat !== null && isKept ? { stat, inode, seen, pidfd: opened.fd } : null;
  } catch (error) {
    if (isGone(error) || isDenied(error)) return null;
    throw error;
  } finally {
    if (!isKept) fs.closeSync(opened.fd);
  }
}

export function readStat(held: HeldProcess): ProcStat {
  return parseProcStat(readProcFile(`${held.directory}/stat`)) ?? malformed('stat');
}

function malformed(file: string): never {
  throw new Error(`/proc/PID/${file} has an unknown form`);
}

function readInode(pid: number, pidfds: Pidfds): bigint | null {
  const opened = pidfds.open(pid);
  if (!('fd' in opened)) {
    // Not silently without: the identity of one process must not change with our shortage of descriptors.
    if (shortages.includes(opened.errno)) throw new Error(`pidfd_open failed: ${getSystemErrorName(-opened.errno)}`);
    return null;
  }
  try {
    return pidfds.inode(opened.fd);
  } finally {
    fs.closeSync(opened.fd);
  }
}

const { EMFILE, ENFILE, ENOMEM } = constants.errno;
const shortages = [EMFILE, ENFILE, ENOMEM];
