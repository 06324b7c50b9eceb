import { loadLibraries } from './libraries.ts';

/** A process, held open: its pid is not given to another one before the handle is closed. */
export interface ProcessHandles {
  /** Null where there is no process of that pid; `denied` where there is one that we may not open for this. */
  open(pid: number, access: number): { handle: number } | 'denied' | null;
  close(handle: number): void;
  /** When it was created, in units of 100 ns since 1601; null where that cannot be read. */
  created(handle: number): bigint | null;
  /** Path of the program; null for one that has none, or has ended. */
  image(handle: number): string | null;
  /** Whether it has ended, which a handle outlives. */
  hasEnded(handle: number): boolean;
  /** TerminateProcess: it gets no word in. The error, or 0. */
  terminate(handle: number): number;
  /** NtSuspendProcess and its opposite; false where that was refused. They count: two suspensions need two resumptions. */
  suspend(handle: number): boolean;
  resume(handle: number): boolean;
}

/** winnt.h, process access rights. */
export const access = {
  terminate: 0x0001,
  readMemory: 0x0010,
  setQuota: 0x0100,
  query: 0x0400,
  suspendResume: 0x0800,
  queryLimited: 0x1000,
  synchronize: 0x0010_0000,
} as const;

/** Null without native calls. */
export function loadProcessHandles(): ProcessHandles | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: ProcessHandles | null | undefined;

function bind(): ProcessHandles | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { kernel32, ntdll, lastError } = libraries;
  const openProcess = kernel32.func('intptr_t __stdcall OpenProcess(uint32 access, bool inherit, uint32 pid)');
  const closeHandle = kernel32.func('bool __stdcall CloseHandle(intptr_t handle)');
  const getProcessTimes = kernel32.func(
    'bool __stdcall GetProcessTimes(intptr_t handle, void *created, void *exited, void *kernel, void *user)',
  );
  const queryImage = kernel32.func(
    'bool __stdcall QueryFullProcessImageNameW(intptr_t handle, uint32 flags, void *text, _Inout_ uint32 *length)',
  );
  const waitForOne = kernel32.func('uint32 __stdcall WaitForSingleObject(intptr_t handle, uint32 ms)');
  const terminateProcess = kernel32.func('bool __stdcall TerminateProcess(intptr_t handle, uint32 exitCode)');
  const suspendProcess = ntdll.func('int32 __stdcall NtSuspendProcess(intptr_t handle)');
  const resumeProcess = ntdll.func('int32 __stdcall NtResumeProcess(intptr_t handle)');

  return {
    open(pid, rights) {
      const handle = Number(openProcess(rights, false, pid));
      if (handle !== 0) return { handle };
      // ERROR_INVALID_PARAMETER: no such process. Any other refusal is one of a process that is there.
      return lastError() === ERROR_INVALID_PARAMETER ? null : 'denied';
    },
    close: (handle) => void closeHandle(handle),
    created(handle) {
      const [created, exited, kernel, user] = [time(), time(), time(), time()];
      return getProcessTimes(handle, created, exited, kernel, user) ? (created[0] as bigint) : null;
    },
    image(handle) {
      const text = new Uint16Array(LONGEST_PATH);
      const length = [LONGEST_PATH];
      return queryImage(handle, 0, text, length) ? decoder.decode(text.subarray(0, length[0])) : null;
    },
    hasEnded: (handle) => waitForOne(handle, 0) === WAIT_OBJECT_0,
    terminate: (handle) => (terminateProcess(handle, EXIT_CODE) ? 0 : lastError()),
    suspend: (handle) => suspendProcess(handle) >= 0,
    resume: (handle) => resumeProcess(handle) >= 0,
  };
}

const time = (): BigUint64Array => new BigUint64Array(1);
const decoder = new TextDecoder('utf-16le', { ignoreBOM: true });
const ERROR_INVALID_PARAMETER = 87;
const WAIT_OBJECT_0 = 0;
/** UNICODE_STRING_MAX_CHARS */
const LONGEST_PATH = 32_767;
/** What Node gives a child that it kills. */
const EXIT_CODE = 1;
