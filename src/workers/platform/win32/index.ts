import { loadLibraries } from '../../../native/win32/libraries.ts';
import type { Platform } from '../types.ts';
import { createUnsupported } from '../unsupported.ts';
import { probeWin32, whyNotNative } from './capabilities.ts';
import { createWin32Processes } from './processes.ts';
import { createWin32Signals } from './signals.ts';
import { createWin32Sockets } from './sockets.ts';

/**
 * Windows: the kernel and the IP Helper are asked through native calls; no tool is run, but for the excluded ports. Without them netstat
 * tells of sockets, and nothing of processes: no tool of Windows says both who a pid is and since when, in every language.
 */
export function createWin32({ native }: { native: boolean }): Platform {
  const problem = native && loadLibraries() !== null ? null : whyNotNative({ native });
  const sockets = createWin32Sockets({ native: problem === null });
  if (problem !== null) return { ...createUnsupported('win32', problem), sockets, probeCapabilities: () => probeWin32(problem) };
  return {
    name: 'win32',
    sockets,
    processes: createWin32Processes(),
    signals: createWin32Signals(),
    probeCapabilities: () => probeWin32(null),
  };
}
