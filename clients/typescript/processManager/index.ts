/* What `sidewarden/process-manager` gives. */

export {
  createProcessManager,
  getProcessManager,
  type PortStatus,
  type ProcessInfo,
  type ProcessManager,
  type ProcessManagerOptions,
  type ProcessStatus,
  resetProcessManager,
} from './processManager.ts';
