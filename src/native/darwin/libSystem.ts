import { type KoffiAnswer, loadKoffi } from '../koffi.ts';

/** libSystem, which has the C library and libproc, and the errno of this thread’s last call into it. */
export interface LibSystem {
  koffi: NonNullable<KoffiAnswer['koffi']>;
  lib: ReturnType<NonNullable<KoffiAnswer['koffi']>['load']>;
  errno(): number;
  /** Before a call whose answer alone does not tell whether it has failed. */
  clearErrno(): void;
}

/** Loaded once a thread; null without koffi, and where there is none of this kind (Linux, Windows). */
export function loadLibSystem(): LibSystem | null {
  if (loaded === undefined) {
    const { koffi } = loadKoffi();
    loaded = koffi === null ? null : open(koffi);
  }
  return loaded;
}
let loaded: LibSystem | null | undefined;

function open(koffi: LibSystem['koffi']): LibSystem | null {
  try {
    const lib = koffi.load(null);
    lib.func('int proc_pidpath(int pid, void *buffer, uint32_t size)');
    return { koffi, lib, errno: () => koffi.errno(), clearErrno: () => void koffi.errno(0) };
  } catch {
    return null;
  }
}
