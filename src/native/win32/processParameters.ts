import { loadLibraries } from './libraries.ts';

/** What a process was started with, from its own memory (its PEB), for a handle with the rights `query` and `readMemory`. */
export interface ProcessParameters {
  commandLine: string | null;
  directory: string | null;
  /** It has a console, or was started with one. */
  hasConsole: boolean;
  /** UTF-16 strings, each ended by NUL. */
  environment: Uint8Array | null;
}

/** Null where it cannot be read: the process has ended, is being born, or belongs to another. */
export type ReadParameters = (handle: number, wanted: { environment: boolean }) => ProcessParameters | null;

/** Null without native calls. */
export function loadReadParameters(): ReadParameters | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: ReadParameters | null | undefined;

function bind(): ReadParameters | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { kernel32, ntdll } = libraries;
  const queryProcess = ntdll.func(
    'int32 __stdcall NtQueryInformationProcess(intptr_t handle, int kind, void *bytes, uint32 size, void *needed)',
  );
  const readProcessMemory = kernel32.func(
    'bool __stdcall ReadProcessMemory(intptr_t handle, uint64 address, void *bytes, uint64 size, void *count)',
  );

  return function readParameters(handle, wanted) {
    const basic = new DataView(new ArrayBuffer(BASIC_BYTES));
    if (queryProcess(handle, PROCESS_BASIC_INFORMATION, new Uint8Array(basic.buffer), BASIC_BYTES, null) < 0) return null;
    const peb = basic.getBigUint64(8, true);
    const place = peb === 0n ? null : read(handle, peb + PEB_PARAMETERS, 8);
    const parameters = place === null ? null : read(handle, place.getBigUint64(0, true), PARAMETERS_BYTES);
    if (parameters === null) return null;
    return {
      commandLine: readString(handle, parameters, COMMAND_LINE),
      directory: readString(handle, parameters, CURRENT_DIRECTORY),
      hasConsole: !noConsole.has(parameters.getBigInt64(CONSOLE_HANDLE, true)),
      environment: wanted.environment ? readEnvironment(handle, parameters) : null,
    };
  };

  function read(handle: number, address: bigint, size: number): DataView | null {
    const bytes = new Uint8Array(size);
    return readProcessMemory(handle, address, bytes, size, null) ? new DataView(bytes.buffer) : null;
  }

  /** A UNICODE_STRING: its length in bytes, and where it is. */
  function readString(handle: number, parameters: DataView, offset: number): string | null {
    const length = parameters.getUint16(offset, true);
    const text = length === 0 ? null : read(handle, parameters.getBigUint64(offset + 8, true), length);
    return text === null ? null : decoder.decode(text);
  }

  function readEnvironment(handle: number, parameters: DataView): Uint8Array | null {
    const size = Number(parameters.getBigUint64(ENVIRONMENT_SIZE, true));
    if (size === 0 || size > MOST_ENVIRONMENT_BYTES) return null;
    const text = read(handle, parameters.getBigUint64(ENVIRONMENT, true), size);
    return text === null ? null : new Uint8Array(text.buffer);
  }
}

const decoder = new TextDecoder('utf-16le', { ignoreBOM: true });
const PROCESS_BASIC_INFORMATION = 0;
const BASIC_BYTES = 48;
/** PEB and RTL_USER_PROCESS_PARAMETERS of 64-bit Windows (winternl.h shows some; the rest is stable since Windows Vista). */
const PEB_PARAMETERS = 0x20n;
const CONSOLE_HANDLE = 0x10;
const CURRENT_DIRECTORY = 0x38;
const COMMAND_LINE = 0x70;
const ENVIRONMENT = 0x80;
const ENVIRONMENT_SIZE = 0x3f0;
const PARAMETERS_BYTES = 0x3f8;
/** None, and DETACHED_PROCESS. */
const noConsole = new Set([0n, -1n]);
const MOST_ENVIRONMENT_BYTES = 4 * 1024 * 1024;
