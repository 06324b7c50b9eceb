import { loadKoffi } from '../../../native/koffi.ts';
import type { PlatformCapabilities } from '../types.ts';

/** What works here; without native calls only what netstat tells of sockets. */
export function probeWin32(nativeProblem: string | null): PlatformCapabilities {
  const native = nativeProblem === null;
  return {
    native,
    nativeProblem,
    socketSource: native ? 'kernel' : 'command',
    // The tables name the owner of every socket, and the list of processes has everybody in it.
    portOwners: native ? 'all' : 'ownUser',
    killIdentity: native ? 'handle' : 'checked',
    pidfdInode: false,
    cgroup: 'none',
    cgroupDirectory: null,
    // A process of Windows 8 and later may be in several; Node needs a later one.
    containment: native ? ['job'] : [],
  };
}

/** Why there are no native calls, as a sentence. */
export function whyNotNative({ native }: { native: boolean }): string {
  if (!native) return 'native calls are switched off, and on Windows processes cannot be told apart without them.';
  return loadKoffi().problem ?? 'sidewarden knows the structures of 64-bit Windows only.';
}
