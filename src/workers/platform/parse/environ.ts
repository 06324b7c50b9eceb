import { decodeText } from './text.ts';

/** Carries the random id of a start: every service gets one, and hands it to all that it starts itself. */
export const startVariable = 'SIDEWARDEN_START';

/** The value of a variable in an environment as exec left it: `NAME=value`, each ended by a NUL. Null when it has none of that name. */
export function findVariable(bytes: Uint8Array, name: string): string | null {
  const wanted = new TextEncoder().encode(`${name}=`);
  for (let start = 0; start < bytes.length; start = endOf(bytes, start) + 1) {
    if (wanted.every((byte, index) => bytes[start + index] === byte))
      return decodeText(bytes.subarray(start + wanted.length, endOf(bytes, start)));
  }
  return null;
}

function endOf(bytes: Uint8Array, start: number): number {
  const end = bytes.indexOf(0, start);
  return end === -1 ? bytes.length : end;
}
