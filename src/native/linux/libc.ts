import { getSystemErrorName } from 'node:util';
import { type KoffiAnswer, loadKoffi } from '../koffi.ts';

/** The C library of this process and the errno of this thread’s last call into it. */
export interface Libc {
  koffi: NonNullable<KoffiAnswer['koffi']>;
  lib: ReturnType<NonNullable<KoffiAnswer['koffi']>['load']>;
  errno(): number;
}

/** What node:fs would throw for the errno of the last call. */
export function systemError(libc: Libc, call: string, path: string): Error {
  const code = getSystemErrorName(-libc.errno());
  return Object.assign(new Error(`${code}: ${call} ${path}`), { code });
}

/** The C library, loaded once a thread; null without koffi, and where there is none of this kind (Windows). */
export function loadLibc(): Libc | null {
  if (loaded === undefined) {
    const { koffi } = loadKoffi();
    loaded = koffi === null ? null : open(koffi);
  }
  return loaded;
}
let loaded: Libc | null | undefined;

function open(koffi: Libc['koffi']): Libc | null {
  const lib = koffi.load(null);
  try {
    lib.func('int getpid()');
  } catch {
    return null;
  }
  return { koffi, lib, errno: () => koffi.errno() };
}
