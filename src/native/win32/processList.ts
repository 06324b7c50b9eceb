import { loadLibraries } from './libraries.ts';

/** What the kernel says of all processes at once, undecoded: a chain of SYSTEM_PROCESS_INFORMATION, whose pointers lead into it. */
export interface ProcessListBytes {
  bytes: Uint8Array;
  address: bigint;
}

/** Null without native calls. The bytes are good until the next call in this thread. */
export function readProcessList(): ProcessListBytes | null {
  query ??= bind();
  return query === null ? null : query();
}
let query: (() => ProcessListBytes) | null | undefined;

function bind(): (() => ProcessListBytes) | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { koffi, ntdll } = libraries;
  const ask = ntdll.func('int32 __stdcall NtQuerySystemInformation(int kind, void *bytes, uint32 size, _Out_ uint32 *needed)');
  let bytes = new Uint8Array(256 * 1024);
  return () => {
    for (;;) {
      const needed = [0];
      const status = ask(SYSTEM_PROCESS_INFORMATION, bytes, bytes.length, needed) as number;
      if (status >= 0) return { bytes, address: BigInt(koffi.address(bytes)) };
      if (status >>> 0 !== STATUS_INFO_LENGTH_MISMATCH)
        throw new Error(`the list of processes could not be read: status ${(status >>> 0).toString(16)}`);
      // Processes may begin between two calls.
      bytes = new Uint8Array(Math.max(bytes.length * 2, (needed[0] ?? 0) + 64 * 1024));
    }
  };
}

const SYSTEM_PROCESS_INFORMATION = 5;
const STATUS_INFO_LENGTH_MISMATCH = 0xc0000004;
