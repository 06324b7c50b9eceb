import { type KoffiAnswer, loadKoffi } from '../koffi.ts';

type Library = ReturnType<NonNullable<KoffiAnswer['koffi']>['load']>;

/** The system libraries of Windows. They are part of it, so each is there; a function may be missing on an older one. */
export interface Libraries {
  koffi: NonNullable<KoffiAnswer['koffi']>;
  kernel32: Library;
  ntdll: Library;
  advapi32: Library;
  iphlpapi: Library;
  winsock: Library;
  /** Of this thread’s last call that failed (GetLastError). */
  lastError(): number;
}

/** Loaded once a thread; null without koffi, off Windows, and on 32-bit Windows, whose structures are others than the ones that we read. */
export function loadLibraries(): Libraries | null {
  if (loaded === undefined) loaded = load();
  return loaded;
}
let loaded: Libraries | null | undefined;

function load(): Libraries | null {
  const { koffi } = loadKoffi();
  if (koffi === null || koffi.sizeof('void *') !== 8) return null;
  const kernel32 = tryToLoad(koffi, 'kernel32.dll');
  if (kernel32 === null) return null;
  const getLastError = kernel32.func('uint32 __stdcall GetLastError()');
  return {
    koffi,
    kernel32,
    ntdll: koffi.load('ntdll.dll'),
    advapi32: koffi.load('advapi32.dll'),
    iphlpapi: koffi.load('iphlpapi.dll'),
    winsock: koffi.load('ws2_32.dll'),
    lastError: () => getLastError() as number,
  };
}

function tryToLoad(koffi: Libraries['koffi'], name: string): Library | null {
  try {
    return koffi.load(name);
  } catch {
    return null;
  }
}
