import { loadKoffi } from '../../../native/koffi.ts';
import type { PlatformCapabilities } from '../types.ts';

/** What works here with native calls. */
export function probeWin32(): PlatformCapabilities {
  return {
    native: true,
    nativeProblem: null,
    socketSource: 'kernel',
    // The tables name the owner of every socket, and the list of processes has everybody in it.
    portOwners: 'all',
    killIdentity: 'handle',
    pidfdInode: false,
    cgroup: 'none',
    cgroupDirectory: null,
    // A process of Windows 8 and later may be in several; Node needs a later one.
    containment: ['job'],
  };
}

/** Why there are no native calls, as a sentence. */
export function whyNotNative({ native }: { native: boolean }): string {
  if (!native) return 'native calls are switched off, and on Windows nothing works without them.';
  return loadKoffi().problem ?? 'sidewarden knows the structures of 64-bit Windows only.';
}
