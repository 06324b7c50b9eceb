import type { Platform } from '../types.ts';
import { probeDarwin, whyNotNative } from './capabilities.ts';
import { createDarwinProcesses } from './processes.ts';
import { createDarwinSignals } from './signals.ts';
import { createDarwinSockets } from './sockets.ts';
import { systemTools, type Tools } from './tools.ts';

/**
 * macOS: the kernel is asked through sysctl and libproc, whose structures first have to prove themselves, and by the tools of the
 * system where that cannot be.
 */
export function createDarwin({ native, tools = systemTools }: { native: boolean; tools?: Tools }): Platform {
  const options = { native: native && whyNotNative() === null, tools };
  return {
    name: 'darwin',
    sockets: createDarwinSockets(options),
    processes: createDarwinProcesses(options),
    signals: createDarwinSignals(options),
    fileChanges: null,
    probeCapabilities: () => probeDarwin({ native }),
  };
}
