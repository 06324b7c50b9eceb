import type { Clock } from '../../clock.ts';
import { loadExitGroup } from '../../native/linux/exitGroup.ts';
import { loadExitProcess } from '../../native/win32/exitProcess.ts';

/*
 * process.exit waits for every thread of the process, and one that hangs in the kernel, on a file of a server that is gone for
 * instance, does not come back.
 */

/** A libuv thread hangs on a file: what was just being read or written has a moment to come to its end. */
export async function hasHangingFile(clock: Clock): Promise<boolean> {
  const untilMs = clock.monotonicMs() + momentMs;
  while (isAtWorkOnFiles()) {
    if (clock.monotonicMs() >= untilMs) return true;
    await clock.sleep(5);
  }
  return false;
}

const momentMs = 250;
const isAtWorkOnFiles = () => process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq'));

/** Ends the process whatever its threads do: with this code by native calls, and by SIGKILL without them. */
export function exitAtOnce(code: number, { native }: { native: boolean }): void {
  if (native) (loadExitGroup() ?? loadExitProcess())?.(code);
  process.kill(process.pid, 'SIGKILL');
}
