import { decodeText } from './text.ts';

/**
 * The name of a process. The kernel cuts comm at 15 bytes (TASK_COMM_LEN); such a one is completed from the base name
 * of argv[0] or of the executable if that begins with it, as psutil does.
 */
export function completeName(comm: Uint8Array, argv0: string | undefined, executable: string | null): string {
  const name = decodeText(comm);
  if (comm.length !== COMM_BYTES) return name;
  // The cut may go through a character, which then reads as U+FFFD.
  const known = name.replace(/\uFFFD$/, '');
  for (const path of [argv0, executable]) {
    const base = path?.slice(path.lastIndexOf('/') + 1);
    if (known !== '' && base?.startsWith(known)) return base;
  }
  return name;
}

const COMM_BYTES = 15;
