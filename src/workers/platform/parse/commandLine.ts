import { decodeText } from './text.ts';

/** How much of a command line is told: without a cap one process can fill the answer (they may be megabytes). */
export const commandLineCapBytes = 32 * 1024;

/**
 * The arguments of /proc/PID/cmdline, empty ones included, cut at the cap. A process that overwrote them with a title
 * (setproctitle) gives that title as one argument.
 */
export function parseCommandLine(bytes: Uint8Array): string[] {
  if (bytes.length === 0) return [];
  const isCut = bytes.length > commandLineCapBytes;
  const text = isCut ? decodeStart(bytes) : decodeText(bytes);
  const args = cap(text).split('\0');
  if (!isCut && args.length > 1 && args.at(-1) === '') args.pop();
  return isPaddedTitle(args) ? args.slice(0, 1) : args;
}

/** A character that the cap cuts in two is left out. */
function decodeStart(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, commandLineCapBytes), { stream: true });
}

/** Every invalid byte has become three (U+FFFD), so the text can be longer than the bytes were. */
function cap(text: string): string {
  if (!text.includes('\uFFFD')) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(commandLineCapBytes));
  return text.slice(0, read);
}

/**
 * setproctitle() and libuv write the title over argv[0] and fill the rest with NULs, which reads like many empty
 * arguments. Taken for padding: two or more of them and nothing else behind argv[0], or any behind a first one with
 * spaces (`sshd: ada@pts/0`).
 */
function isPaddedTitle([first = '', ...rest]: string[]): boolean {
  return first !== '' && rest.every((arg) => arg === '') && (rest.length >= 2 || (rest.length === 1 && first.includes(' ')));
}
