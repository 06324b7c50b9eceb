import { loadLibraries } from './libraries.ts';

/** The user of a process as the bytes of a SID, for a handle with the right `queryLimited`; null where we may not see it. */
export type ReadUser = (handle: number) => Uint8Array | null;

/** Null without native calls. */
export function loadReadUser(): ReadUser | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: ReadUser | null | undefined;

function bind(): ReadUser | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { advapi32, kernel32, koffi } = libraries;
  const openToken = advapi32.func('bool __stdcall OpenProcessToken(intptr_t process, uint32 access, _Out_ intptr_t *token)');
  const getInformation = advapi32.func(
    'bool __stdcall GetTokenInformation(intptr_t token, int kind, void *bytes, uint32 size, _Out_ uint32 *needed)',
  );
  const closeHandle = kernel32.func('bool __stdcall CloseHandle(intptr_t handle)');

  return function readUser(handle) {
    const token: number[] = [0];
    if (!openToken(handle, TOKEN_QUERY, token)) return null;
    try {
      const bytes = new Uint8Array(TOKEN_USER_BYTES);
      if (!getInformation(token[0], TOKEN_USER, bytes, bytes.length, [0])) return null;
      // TOKEN_USER begins with a pointer to the SID, which lies behind it.
      const start = Number(new DataView(bytes.buffer).getBigUint64(0, true) - BigInt(koffi.address(bytes)));
      return bytes.subarray(start);
    } finally {
      closeHandle(token[0]);
    }
  };
}

const TOKEN_QUERY = 0x0008;
const TOKEN_USER = 1;
/** TOKEN_USER with SECURITY_MAX_SID_SIZE (68). */
const TOKEN_USER_BYTES = 16 + 68;
