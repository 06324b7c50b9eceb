import { loadLibproc } from '../../../native/darwin/libproc.ts';
import { loadProcessTable } from '../../../native/darwin/processTable.ts';
import { loadKoffi } from '../../../native/koffi.ts';
import { parseKinfoProcs } from '../parse/kinfoProc.ts';
import { parseBsdInfo, sizes } from '../parse/libproc.ts';
import type { PlatformCapabilities } from '../types.ts';
import { isRoot } from './ownerScan.ts';

/** What works here, tried and not assumed. Whether libproc tells whose a socket is, is found out where owners are looked for. */
export function probeDarwin({ native }: { native: boolean }): PlatformCapabilities {
  const nativeProblem = native ? whyNotNative() : 'Native calls are switched off.';
  return {
    native: nativeProblem === null,
    nativeProblem,
    // netstat, which shows the sockets of all users.
    socketSource: 'command',
    portOwners: isRoot() ? 'all' : 'ownUser',
    killIdentity: 'checked',
    pidfdInode: false,
    cgroup: 'none',
    cgroupDirectory: null,
    containment: ['processGroup'],
  };
}

/**
 * A sentence, or null when sysctl and libproc agree about this very process: two calls with structures of their own, and what Node
 * knows of itself. A system with another layout is not looked at through these.
 */
export function whyNotNative(): string | null {
  const { problem } = loadKoffi();
  if (problem !== null) return problem;
  const table = loadProcessTable();
  const libproc = loadLibproc();
  if (table === null || libproc === null) return 'libproc could not be loaded.';
  try {
    const listed = parseKinfoProcs(table.read(process.pid))[0];
    const bytes = libproc.info(process.pid, 'bsd', sizes.bsdInfo);
    if (listed === undefined || bytes === null || bytes === 'denied')
      return 'The kernel does not tell of this process what it is asked for.';
    const told = parseBsdInfo(bytes);
    // Sizes that are not the header’s throw.
    libproc.info(process.pid, 'task', sizes.taskInfo);
    libproc.info(process.pid, 'vnodePaths', sizes.vnodePaths);
    const isSame = (['pid', 'ppid', 'pgid', 'uid', 'startMicros'] as const).every((member) => told[member] === listed[member]);
    return isSame && told.pid === process.pid
      ? null
      : 'sysctl and libproc do not agree about this process; its structures are unknown here.';
  } catch (error) {
    return `The structures of this system are unknown here (${error instanceof Error ? error.message : String(error)}).`;
  }
}
