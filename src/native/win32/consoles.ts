import { loadLibraries } from './libraries.ts';

/** The console of another process, which one has to join to reach it: for a program that has nothing to lose, which we are not. */
export interface Consoles {
  /** Leaves its own console, if it has one, for that of another; false where that has none, or lets nobody in. */
  join(pid: number): boolean;
  /** Who uses the console that was joined, oneself included; empty where it cannot be told. */
  members(): number[];
  /** Ctrl-Break to all of them, oneself included. */
  breakAll(): boolean;
}

/** Null without native calls. */
export function loadConsoles(): Consoles | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { kernel32 } = libraries;
  const freeConsole = kernel32.func('bool __stdcall FreeConsole()');
  const attachConsole = kernel32.func('bool __stdcall AttachConsole(uint32 pid)');
  const listProcesses = kernel32.func('uint32 __stdcall GetConsoleProcessList(void *pids, uint32 count)');
  const generateEvent = kernel32.func('bool __stdcall GenerateConsoleCtrlEvent(uint32 event, uint32 group)');

  return {
    join(pid) {
      freeConsole();
      return attachConsole(pid) as boolean;
    },
    members() {
      const pids = new Uint32Array(mostMembers);
      const count = listProcesses(pids, pids.length) as number;
      // More than fit are told by their number alone.
      return count > pids.length ? [] : [...pids.subarray(0, count)];
    },
    // Wine 8 has no Ctrl-Break; Windows refuses none to whoever has the console.
    breakAll: () => (generateEvent(CTRL_BREAK_EVENT, 0) || generateEvent(CTRL_C_EVENT, 0)) as boolean,
  };
}

const mostMembers = 4_096;
const CTRL_C_EVENT = 0;
const CTRL_BREAK_EVENT = 1;
