import { loadLibraries } from './libraries.ts';
import { encodeSecurity } from './securityDescriptor.ts';

/**
 * Mutexes that are never waited on: a lock is that one of its name exists. The kernel takes it away with the last handle of it,
 * however its process ends. Nobody may open one of ours, so whoever only looks, or comes too late, never holds it in being.
 */
export interface NamedMutexes {
  /** Makes one that no child inherits; `exists` where there is one already, whoever made it. */
  make(name: string): { handle: number } | 'exists';
  /** Makes nothing. */
  exists(name: string): boolean;
  /** Of one that was made. */
  close(handle: number): void;
}

/** Null without native calls. */
export function loadNamedMutexes(): NamedMutexes | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: NamedMutexes | null | undefined;

function bind(): NamedMutexes | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { koffi, kernel32, lastError } = libraries;
  const createMutex = kernel32.func('intptr_t __stdcall CreateMutexW(void *security, bool owned, str16 name)');
  const openMutex = kernel32.func('intptr_t __stdcall OpenMutexW(uint32 access, bool inherit, str16 name)');
  const closeHandle = kernel32.func('bool __stdcall CloseHandle(intptr_t handle)');
  // SECURITY_ATTRIBUTES (minwinbase.h), 64 bit: its size, the descriptor, whether children inherit. In one piece, which lives as one.
  const nobody = encodeSecurity(null);
  const security = new Uint8Array(ATTRIBUTES_BYTES + nobody.length);
  security.set(nobody, ATTRIBUTES_BYTES);
  const attributes = new DataView(security.buffer);
  attributes.setUint32(0, ATTRIBUTES_BYTES, true);
  attributes.setBigUint64(8, BigInt(koffi.address(security)) + BigInt(ATTRIBUTES_BYTES), true);

  return {
    make(name) {
      const handle = Number(createMutex(security, false, name));
      const error = lastError();
      if (handle !== 0 && error !== ERROR_ALREADY_EXISTS) return { handle };
      if (handle !== 0) closeHandle(handle);
      if (handle !== 0 || error === ERROR_ACCESS_DENIED || error === ERROR_INVALID_HANDLE) return 'exists';
      throw new Error(`Windows refused the mutex ${name}: error ${error}`);
    },
    exists(name) {
      const handle = Number(openMutex(MUTEX_ALL_ACCESS, false, name));
      if (handle === 0) return lastError() !== ERROR_FILE_NOT_FOUND;
      closeHandle(handle);
      return true;
    },
    close: (handle) => void closeHandle(handle),
  };
}

const ATTRIBUTES_BYTES = 24;
/** Of which nobody is granted any: with SYNCHRONIZE alone Wine would let us in. */
const MUTEX_ALL_ACCESS = 0x001f_0001;
const ERROR_FILE_NOT_FOUND = 2;
const ERROR_ACCESS_DENIED = 5;
/** Something of another kind has the name. */
const ERROR_INVALID_HANDLE = 6;
const ERROR_ALREADY_EXISTS = 183;
