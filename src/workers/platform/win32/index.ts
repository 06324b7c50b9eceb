import { loadLibraries } from '../../../native/win32/libraries.ts';
import type { Platform } from '../types.ts';
import { createUnsupported } from '../unsupported.ts';
import { probeWin32, whyNotNative } from './capabilities.ts';
import { createWin32Processes } from './processes.ts';
import { createWin32Signals } from './signals.ts';
import { createWin32Sockets } from './sockets.ts';

/** Windows: the kernel and the IP Helper are asked through native calls; no tool is run, but for the excluded ports. */
export function createWin32({ native }: { native: boolean }): Platform {
  if (!native || loadLibraries() === null) return createUnsupported('win32', whyNotNative({ native }));
  return {
    name: 'win32',
    sockets: createWin32Sockets(),
    processes: createWin32Processes(),
    signals: createWin32Signals(),
    probeCapabilities: probeWin32,
  };
}
