import type { Platform } from '../types.ts';
import { probeLinux } from './capabilities.ts';
import { createLinuxProcesses } from './processes.ts';
import { createLinuxSignals } from './signals.ts';
import { createLinuxSockets } from './sockets.ts';

/** Linux: the kernel itself is asked, by netlink, pidfd and /proc; no tool is run. */
export function createLinux({ native }: { native: boolean }): Platform {
  const sockets = createLinuxSockets({ native });
  return {
    name: 'linux',
    sockets,
    processes: createLinuxProcesses({ native }),
    signals: createLinuxSignals({ native }),
    probeCapabilities: () => ({ ...probeLinux({ native }), socketSource: sockets.source }),
  };
}
