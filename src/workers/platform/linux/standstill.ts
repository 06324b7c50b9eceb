import fs from 'node:fs';
import type { ProcReads } from '../../../native/linux/procReads.ts';
import type { AtRest } from '../atRest.ts';
import { hasEnded, type ProcStat, parseProcStat } from '../parse/procStat.ts';
import { isDenied, isGone } from './procFiles.ts';

/**
 * Null while any thread of it runs. Asked and not assumed after a SIGSTOP: a fork that is under way is completed first
 * (kernel/fork.c, copy_process, ends midway only for a fatal signal), and its child is seen only then.
 */
export function atRest(pid: number, reads: ProcReads): AtRest | null {
  const leader = readStat(`/proc/${pid}`, reads);
  if (leader === null || hasEnded(leader)) return ended;
  if (!isAtRest(leader)) return null;
  if (leader.threads <= 1) return { isStopped: true, isAlone: () => isAlone(leader, [`${pid}`], reads) };
  const threads = listThreads(pid);
  if (!threads.every((tid) => isAtRest(readStat(`/proc/${pid}/task/${tid}`, reads)))) return null;
  // Behind their rest: the leader may have rested before a thread has made it lead something.
  return { isStopped: true, isAlone: () => isAlone(readStat(`/proc/${pid}`, reads), threads, reads) };
}

const ended: AtRest = { isStopped: false, isAlone: () => false };

/** A list of children may leave one out while others end (fs/proc/array.c, get_children_pid), but is never empty while there is one. */
function isAlone(leader: ProcStat | null, threads: string[], reads: ProcReads): boolean {
  if (leader === null || leader.pgid === leader.pid || leader.sid === leader.pid || threads.length === 0) return false;
  return threads.every((tid) => hasNoChild(`/proc/${leader.pid}/task/${tid}/children`, reads));
}

const isAtRest = (stat: ProcStat | null): boolean => stat === null || 'TtZXx'.includes(stat.state);

function readStat(directory: string, reads: ProcReads): ProcStat | null {
  return unlessGone(() => parseProcStat(reads.file(`${directory}/stat`)), null);
}

function listThreads(pid: number): string[] {
  return unlessGone(() => fs.readdirSync(`/proc/${pid}/task`), []);
}

/** The file is missing from kernels without CONFIG_PROC_CHILDREN, and from a thread that has gone: nothing is told then. */
function hasNoChild(path: string, reads: ProcReads): boolean {
  return unlessGone(() => reads.file(path).length === 0, false);
}

function unlessGone<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch (error) {
    if (isGone(error) || isDenied(error)) return otherwise;
    throw error;
  }
}
