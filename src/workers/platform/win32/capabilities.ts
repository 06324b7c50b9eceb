import { existsSync } from 'node:fs';
import { loadKoffi } from '../../../native/koffi.ts';
import { loadLibraries } from '../../../native/win32/libraries.ts';
import type { PlatformCapabilities } from '../types.ts';
import type { Tools } from './tools.ts';

/** What works here; without native calls what the tools of the system tell, which cost too much to be tried before they are needed. */
export function probeWin32(nativeProblem: string | null, tools: Tools): PlatformCapabilities {
  const native = nativeProblem === null;
  return {
    native,
    nativeProblem,
    socketSource: native ? 'kernel' : 'command',
    // The tables name the owner of every socket, and the list of processes has everybody in it.
    portOwners: native || existsSync(tools.powershell) ? 'all' : 'ownUser',
    killIdentity: native ? 'handle' : 'checked',
    pidfdInode: false,
    cgroup: 'none',
    cgroupDirectory: null,
    // A process of Windows 8 and later may be in several; Node needs a later one.
    containment: native ? ['job'] : [],
  };
}

/** A sentence, or null when the libraries of the system can be called. */
export function whyNotNative(): string | null {
  if (loadLibraries() !== null) return null;
  return loadKoffi().problem ?? 'sidewarden knows the structures of 64-bit Windows only.';
}
