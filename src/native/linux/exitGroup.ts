import { type Libc, loadLibc } from './libc.ts';

/** _exit(2): ends the process with this code at once, whatever its other threads do. Null without koffi. */
export function loadExitGroup(): ((code: number) => void) | null {
  const libc = loadLibc();
  if (libc === null) return null;
  exit ??= bindExit(libc);
  return exit;
}

let exit: ((code: number) => void) | undefined;
function bindExit({ lib }: Libc): (code: number) => void {
  return lib.func('void _exit(int status)');
}
