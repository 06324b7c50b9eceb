import fs from 'node:fs';
import type { Pidfds } from '../../../native/linux/pidfd.ts';
import { SidewardenError } from '../../../protocol/errors.ts';
import { findVariable } from '../parse/environ.ts';
import { formatIdentity } from './identity.ts';
import { observe } from './observe.ts';
import { isDenied, isGone } from './procFiles.ts';

/**
 * A variable of the environment that a process was started with, and whose it is. One that has written over it
 * (setproctitle) has none any more. The kernel shows it to whoever may trace the process: proc_pid_environ(5).
 */
export function readVariable(pid: number, name: string, pidfds: Pidfds | null): { value: string; identity: string } | null {
  // Most have none of ours: so only who seems to have one is looked at in the careful way.
  if (readOnce(`/proc/${pid}`, name) === null) return null;
  try {
    const observed = observe(pid, pidfds, (directory) => readOnce(directory, name));
    if (observed === null || observed.seen === null) return null;
    return { value: observed.seen, identity: formatIdentity({ pid, startTicks: observed.stat.startTicks, inode: observed.inode }) };
  } catch (error) {
    if (error instanceof SidewardenError && error.failure.kind === 'PermissionDenied') return null;
    throw error;
  }
}

function readOnce(directory: string, name: string): string | null {
  try {
    return findVariable(readEnviron(`${directory}/environ`), name);
  } catch (error) {
    if (isGone(error) || isDenied(error)) return null;
    throw error;
  }
}

/** Whole, and not only its first page or so; a process without memory of its own has an empty one. */
function readEnviron(path: string): Uint8Array {
  const fd = fs.openSync(path, fs.constants.O_RDONLY);
  try {
    for (let length = 0; ; ) {
      const count = fs.readSync(fd, buffer, length, buffer.length - length, null);
      length += count;
      if (count === 0) return buffer.subarray(0, length);
      if (length === buffer.length) buffer = grown(buffer);
    }
  } finally {
    fs.closeSync(fd);
  }
}
let buffer: Uint8Array = new Uint8Array(128 * 1024);

/** Bounded by what exec takes: 6 MiB of arguments and environment (_STK_LIM / 4 * 3, fs/exec.c). */
function grown(full: Uint8Array): Uint8Array {
  const larger = new Uint8Array(full.length * 2);
  larger.set(full);
  return larger;
}
