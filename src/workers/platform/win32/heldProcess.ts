import { access, loadProcessHandles, type ProcessHandles } from '../../../native/win32/processHandle.ts';

/** One process, held open: while it is, its pid belongs to no other. */
export interface HeldProcess {
  readonly pid: number;
  readonly handle: number;
  /** In units of 100 ns since 1601. */
  readonly created: bigint;
  readonly isExact: true;
  hasEnded(): boolean;
  close(): void;
}

/** Takes hold of a process with these rights; null when there is none, or it has ended. `denied` where the system refuses them. */
export function holdProcess(pid: number, rights: number = access.queryLimited | access.synchronize): HeldProcess | 'denied' | null {
  if (!isPid(pid)) return null;
  const handles = processHandles();
  const opened = handles.open(pid, rights | access.queryLimited | access.synchronize);
  if (opened === null || opened === 'denied') return opened;
  const { handle } = opened;
  const created = handles.created(handle);
  if (created === null || handles.hasEnded(handle)) {
    handles.close(handle);
    return null;
  }
  return { pid, handle, created, isExact: true, hasEnded: () => handles.hasEnded(handle), close: () => handles.close(handle) };
}

/** The calls of a thread that has native ones; nobody else gets here. */
export function processHandles(): ProcessHandles {
  const handles = loadProcessHandles();
  if (handles === null) throw new Error('there are no native calls');
  return handles;
}

export const isPid = (pid: number): boolean => Number.isInteger(pid) && pid > 0 && pid <= HIGHEST_PID;

/** A pid is 32 bits. */
const HIGHEST_PID = 0xffff_ffff;
