import { loadLibraries } from './libraries.ts';

/** Waits for processes to end, by their handles, which are signalled from then on. */
export interface HandleWaits {
  /** The first that has ended among at most `mostHandles`, after at most `timeoutMs`; null when none has; `failed` when one of them is no handle. */
  wait(handles: readonly number[], timeoutMs: number): Promise<number | null | 'failed'>;
  /** The same in this thread, which waits: for a moment only. */
  waitHere(handles: readonly number[], timeoutMs: number): number | null | 'failed';
  /** A handle that is signalled on demand, to end a wait early, and only the next one. */
  openWakeUp(): WakeUp | null;
}

export interface WakeUp {
  readonly handle: number;
  wake(): void;
  close(): void;
}

/** MAXIMUM_WAIT_OBJECTS */
export const mostHandles = 64;

/** Null without native calls. */
export function loadHandleWaits(): HandleWaits | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: HandleWaits | null | undefined;

function bind(): HandleWaits | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { kernel32 } = libraries;
  const waitForMany = kernel32.func('uint32 __stdcall WaitForMultipleObjects(uint32 count, void *handles, bool all, uint32 ms)');
  const createEvent = kernel32.func('intptr_t __stdcall CreateEventW(void *security, bool manual, bool initial, void *name)');
  const setEvent = kernel32.func('bool __stdcall SetEvent(intptr_t handle)');
  const closeHandle = kernel32.func('bool __stdcall CloseHandle(intptr_t handle)');

  return {
    wait: (handles, timeoutMs) =>
      new Promise((resolve, reject) => {
        const list = encode(handles);
        waitForMany.async(handles.length, list, false, timeoutMs, (error: unknown, answer: number) => {
          if (error) reject(error);
          else resolve(decode(handles, answer));
        });
      }),
    waitHere: (handles, timeoutMs) => decode(handles, waitForMany(handles.length, encode(handles), false, timeoutMs)),
    openWakeUp() {
      const handle = Number(createEvent(null, false, false, null));
      return handle === 0 ? null : { handle, wake: () => void setEvent(handle), close: () => void closeHandle(handle) };
    },
  };
}

const encode = (handles: readonly number[]): BigInt64Array => BigInt64Array.from(handles, BigInt);

function decode(handles: readonly number[], answer: number): number | null | 'failed' {
  if (answer === WAIT_TIMEOUT) return null;
  return handles[answer] ?? 'failed';
}

const WAIT_TIMEOUT = 0x102;
