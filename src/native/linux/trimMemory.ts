import { type Libc, loadLibc } from './libc.ts';

/** Gives what malloc keeps free back to the system, in a libuv thread: every thread that has ended leaves an arena of it behind. */
export type TrimMemory = () => Promise<void>;

/** Null without koffi, and where the C library has no malloc_trim(3): only glibc does. */
export function loadTrimMemory(): TrimMemory | null {
  const libc = loadLibc();
  if (libc === null) return null;
  if (trim === undefined) trim = bindTrim(libc);
  const call = trim;
  return call && (() => new Promise((resolve) => call.async(0, () => resolve())));
}

let trim: ReturnType<Libc['lib']['func']> | null | undefined;
function bindTrim({ lib }: Libc) {
  try {
    return lib.func('int malloc_trim(size_t pad)');
  } catch {
    return null;
  }
}
