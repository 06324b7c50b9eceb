import { loadLibraries } from './libraries.ts';

/** Where the tools of Windows are (`C:\Windows\System32`), whatever an environment says; null without native calls. */
export function systemDirectory(): string | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const getDirectory = libraries.kernel32.func('uint32 __stdcall GetSystemDirectoryW(void *text, uint32 length)');
  const text = new Uint16Array(MAX_PATH);
  const length = getDirectory(text, text.length) as number;
  return length === 0 || length > text.length ? null : new TextDecoder('utf-16le').decode(text.subarray(0, length));
}

const MAX_PATH = 260;
