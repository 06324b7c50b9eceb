import { loadLibraries } from './libraries.ts';
import { encodeSecurity, ownerIn } from './securityDescriptor.ts';

/** Who may come to a named pipe, and whose it is; the pipe is one of Node, which has no way to its handles, so it is opened for a moment. */
export interface PipeSecurity {
  /** From now on it is this user’s, who alone may open it, or make another instance of it. The error, or 0. */
  restrict(path: string, sid: Uint8Array): number;
  /** The SID of its owner; the error where that cannot be seen. */
  ownerOf(path: string): Uint8Array | { error: number };
}

/** winerror.h */
export const pipeErrors = { notFound: 2, denied: 5, busy: 231 } as const;

/** Null without native calls. */
export function loadPipeSecurity(): PipeSecurity | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: PipeSecurity | null | undefined;

function bind(): PipeSecurity | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { advapi32, kernel32, lastError } = libraries;
  const createFile = kernel32.func(
    'intptr_t __stdcall CreateFileW(str16 path, uint32 access, uint32 share, void *security, uint32 disposition, uint32 flags, intptr_t model)',
  );
  const closeHandle = kernel32.func('bool __stdcall CloseHandle(intptr_t handle)');
  const setSecurity = advapi32.func('bool __stdcall SetKernelObjectSecurity(intptr_t handle, uint32 what, void *descriptor)');
  const getSecurity = advapi32.func(
    'bool __stdcall GetKernelObjectSecurity(intptr_t handle, uint32 what, void *descriptor, uint32 size, _Out_ uint32 *needed)',
  );

  return {
    restrict: (path, sid) => {
      const opened = open(path, READ_CONTROL | WRITE_DAC | WRITE_OWNER);
      if ('error' in opened) return opened.error;
      try {
        const descriptor = encodeSecurity({ sid, access: FILE_ALL_ACCESS });
        return setSecurity(opened.handle, OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, descriptor) ? 0 : lastError();
      } finally {
        closeHandle(opened.handle);
      }
    },
    ownerOf(path) {
      const opened = open(path, READ_CONTROL);
      if ('error' in opened) return opened;
      try {
        const bytes = new Uint8Array(DESCRIPTOR_BYTES);
        if (!getSecurity(opened.handle, OWNER_SECURITY_INFORMATION, bytes, bytes.length, [0])) return { error: lastError() };
        return ownerIn(bytes) ?? { error: pipeErrors.denied };
      } finally {
        closeHandle(opened.handle);
      }
    },
  };

  /** As a client that may neither read nor write, and whom its server cannot impersonate. */
  function open(path: string, access: number): { handle: number } | { error: number } {
    const handle = Number(createFile(path, access, 0, null, OPEN_EXISTING, SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION, 0));
    return handle === INVALID_HANDLE_VALUE ? { error: lastError() } : { handle };
  }
}

const INVALID_HANDLE_VALUE = -1;
const OPEN_EXISTING = 3;
const READ_CONTROL = 0x0002_0000;
const WRITE_DAC = 0x0004_0000;
const WRITE_OWNER = 0x0008_0000;
const FILE_ALL_ACCESS = 0x001f_01ff;
const SECURITY_IDENTIFICATION = 0x0001_0000;
const SECURITY_SQOS_PRESENT = 0x0010_0000;
const OWNER_SECURITY_INFORMATION = 1;
const DACL_SECURITY_INFORMATION = 4;
/** SECURITY_DESCRIPTOR_RELATIVE with an owner of SECURITY_MAX_SID_SIZE. */
const DESCRIPTOR_BYTES = 20 + 68;
