import fs from 'node:fs';
import { hasEnded, type ProcStat, parseProcStat } from '../parse/procStat.ts';
import { isDenied, isGone, readProcFile } from './procFiles.ts';

/**
 * Whether no thread of it runs any more. Asked and not assumed after a SIGSTOP: a fork that is under way is completed first
 * (kernel/fork.c, copy_process, ends midway only for a fatal signal), and its child is seen only then.
 */
export function hasStopped(pid: number): boolean {
  return areAllAtRest(pid, readStat(`/proc/${pid}`));
}

/**
 * Whether it has stopped, has no child, and leads neither a group nor a session. A list of children may leave one out while others
 * end (fs/proc/array.c, get_children_pid), but is never empty while there is one.
 */
export function isAlone(pid: number): boolean {
  const stat = readStat(`/proc/${pid}`);
  if (stat === null || stat.pgid === pid || stat.sid === pid || !areAllAtRest(pid, stat)) return false;
  const threads = stat.threads === 1 ? [`${pid}`] : listThreads(pid);
  return threads.length > 0 && threads.every((tid) => hasNoChild(`/proc/${pid}/task/${tid}/children`));
}

function areAllAtRest(pid: number, leader: ProcStat | null): boolean {
  if (leader === null || hasEnded(leader)) return true;
  if (!isAtRest(leader)) return false;
  return leader.threads <= 1 || listThreads(pid).every((tid) => isAtRest(readStat(`/proc/${pid}/task/${tid}`)));
}

const isAtRest = (stat: ProcStat | null): boolean => stat === null || 'TtZXx'.includes(stat.state);

function readStat(directory: string): ProcStat | null {
  return unlessGone(() => parseProcStat(readProcFile(`${directory}/stat`)), null);
}

function listThreads(pid: number): string[] {
  return unlessGone(() => fs.readdirSync(`/proc/${pid}/task`), []);
}

/** The file is missing from kernels without CONFIG_PROC_CHILDREN, and from a thread that has gone: nothing is told then. */
function hasNoChild(path: string): boolean {
  return unlessGone(() => readProcFile(path).length === 0, false);
}

function unlessGone<Value>(read: () => Value, otherwise: Value): Value {
  try {
    return read();
  } catch (error) {
    if (isGone(error) || isDenied(error)) return otherwise;
    throw error;
  }
}
