import type { Platform } from '../types.ts';
import { probeWin32, whyNotNative } from './capabilities.ts';
import { createWin32Processes } from './processes.ts';
import { openProcessList } from './processList.ts';
import { createWin32Signals } from './signals.ts';
import { createWin32Sockets } from './sockets.ts';
import { systemTools, type Tools } from './tools.ts';

/**
 * Windows: the kernel and the IP Helper are asked through native calls, and no tool is run but for the excluded ports. Without them
 * netstat tells of sockets, PowerShell of processes, and who is to end is told so by taskkill and TerminateProcess.
 */
export function createWin32({ native, tools }: { native: boolean; tools?: Tools }): Platform {
  const problem = native ? whyNotNative() : 'Native calls are switched off.';
  const options = { native: problem === null, tools: tools ?? systemTools() };
  const list = openProcessList(options);
  return {
    name: 'win32',
    sockets: createWin32Sockets(options, list),
    processes: createWin32Processes(options, list),
    signals: createWin32Signals(options, list),
    fileChanges: null,
    probeCapabilities: () => probeWin32(problem, options.tools),
  };
}
