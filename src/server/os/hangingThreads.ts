import { loadExitGroup } from '../../native/linux/exitGroup.ts';
import { loadExitProcess } from '../../native/win32/exitProcess.ts';

/*
 * process.exit waits for every thread of the process, and one that hangs in the kernel, on a file of a server that is gone for
 * instance, does not come back.
 */

/** A libuv thread is at work on a file. */
export function hasFileRequests(): boolean {
  return process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));
}

/** Ends the process whatever its threads do: with this code by native calls, and by SIGKILL without them. */
export function exitAtOnce(code: number, { native }: { native: boolean }): void {
  if (native) (loadExitGroup() ?? loadExitProcess())?.(code);
  process.kill(process.pid, 'SIGKILL');
}
