import { parseCommandLine } from './commandLine.ts';

/** What a process was started with. */
export interface ProcArgs {
  commandLine: string[];
  /** `NAME=value`, each ended by NUL; empty where the kernel keeps it back (programs of Apple, under System Integrity Protection). */
  environment: Uint8Array;
}

/**
 * Reads what sysctl(3) gives for KERN_PROCARGS2 (sysctl_procargsx in bsd/kern/kern_sysctl.c): the number of arguments, the path that
 * was executed, NULs up to the next word, then the arguments and the environment, each ended by NUL. Null for bytes that are too few.
 */
export function parseProcArgs(bytes: Uint8Array): ProcArgs | null {
  if (bytes.length < 4) return null;
  const count = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getInt32(0, true);
  let at = skipNuls(bytes, bytes.indexOf(0, 4));
  if (count < 0 || at === -1) return null;
  const start = at;
  for (let index = 0; index < count && at < bytes.length; index++) at = endOf(bytes, at) + 1;
  return {
    commandLine: count === 0 ? [] : parseCommandLine(bytes.subarray(start, Math.min(at, bytes.length))),
    environment: bytes.subarray(Math.min(at, bytes.length)),
  };
}

/** An empty first argument cannot be told from the padding before it; no program has one. */
function skipNuls(bytes: Uint8Array, from: number): number {
  if (from === -1) return -1;
  let at = from;
  while (at < bytes.length && bytes[at] === 0) at++;
  return at;
}

function endOf(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(0, start);
  return end === -1 ? bytes.length : end;
}
