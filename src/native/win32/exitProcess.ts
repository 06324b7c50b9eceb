import { loadLibraries } from './libraries.ts';

/** Ends this process with that code at once, whatever its other threads do (TerminateProcess). Null without native calls, and elsewhere. */
export function loadExitProcess(): ((code: number) => void) | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const terminate = libraries.kernel32.func('bool __stdcall TerminateProcess(intptr_t process, uint32 code)');
  return (code) => void terminate(CURRENT_PROCESS, code);
}

/** What GetCurrentProcess() answers. */
const CURRENT_PROCESS = -1;
