import type { Platform } from '../types.ts';
import { probeLinux } from './capabilities.ts';
import { createFileChanges } from './fileChanges.ts';
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
    fileChanges: native ? createFileChanges() : null,
    probeCapabilities: () => ({ ...probeLinux({ native }), socketSource: sockets.source }),
  };
}
