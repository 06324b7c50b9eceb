import { type KoffiAnswer, loadKoffi } from '../koffi.ts';

/** The C library of this process and the errno of this thread’s last call into it. */
export interface Libc {
  koffi: NonNullable<KoffiAnswer['koffi']>;
  lib: ReturnType<NonNullable<KoffiAnswer['koffi']>['load']>;
  errno(): number;
}

/** The C library, loaded once a thread; null without koffi. */
export function loadLibc(): Libc | null {
  if (loaded === undefined) {
    const { koffi } = loadKoffi();
    loaded = koffi === null ? null : { koffi, lib: koffi.load(null), errno: () => koffi.errno() };
  }
  return loaded;
}
let loaded: Libc | null | undefined;
