import fs from 'node:fs';
import { fail, type SidewardenError } from '../../../protocol/errors.ts';
import { isDenied, isGone } from './procFiles.ts';

/** One process, held by its open directory under /proc: that never turns into another process’s, whatever becomes of the pid. */
export interface HeldProcess {
  readonly pid: number;
  /** Where its files are read as its own; once it is reaped they fail with ENOENT or ESRCH. */
  readonly directory: string;
  close(): void;
}

/**
 * Takes hold of a process, or of the thread with that id; null when there is none. Throws PermissionDenied when it is hidden
 * from this user, Unsupported where there is no /proc to look at.
 */
export function holdProcess(pid: number): HeldProcess | null {
  if (!Number.isInteger(pid) || pid < 1 || pid > PID_MAX_LIMIT) return null;
  assertOwnProc();
  try {
    const fd = fs.openSync(`/proc/${pid}`, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
    return { pid, directory: `/proc/self/fd/${fd}`, close: () => fs.closeSync(fd) };
  } catch (error) {
    if (isDenied(error) || (isGone(error) && isHidden(pid))) throw denied(pid);
    if (isGone(error)) return null;
    throw error;
  }
}
/** include/linux/threads.h */
const PID_MAX_LIMIT = 4_194_304;

/** The error for a process that is there and that we may not look at. */
export function denied(pid: number): SidewardenError {
  return fail(
    'PermissionDenied',
    `Process ${pid} exists, but this user may not see it (/proc is mounted with hidepid); its owner or root may.`,
    {
      operation: 'readProcess',
    },
  );
}

/**
 * Without /proc nothing can be seen; and the /proc of another pid namespace (`unshare --pid` without a mount of its own)
 * numbers the processes otherwise than kill and pidfd_open do.
 */
export function assertOwnProc(): void {
  if (isOwnProc) return;
  let self: string;
  try {
    self = fs.readlinkSync('/proc/self');
  } catch (cause) {
    throw unreadable('/proc is not mounted, or belongs to a pid namespace that this process is not in', cause);
  }
  if (self !== String(process.pid))
    throw unreadable(`/proc belongs to another pid namespace (this process is ${process.pid} here and ${self} there)`);
  isOwnProc = true;
}
let isOwnProc = false;

function unreadable(reason: string, cause?: unknown): SidewardenError {
  const message = `Processes cannot be looked at: ${reason}. Mount a proc file system for this pid namespace.`;
  return fail('Unsupported', message, { capability: 'processes', platform: 'linux' }, { cause });
}

/** With hidepid=2 the directories of others are not there at all; kill still tells that the process is (proc(5)). */
function isHidden(pid: number): boolean {
  // Asked again behind the look, because a process that ended in between is gone and not hidden.
  return exists(pid) && !fs.existsSync(`/proc/${pid}`) && exists(pid);
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return isDenied(error);
  }
}
