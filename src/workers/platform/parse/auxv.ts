/** The auxiliary vector that the kernel hands every program (getauxval(3)): 64-bit words, type then value. */
export function parseAuxv(bytes: Uint8Array): Map<number, number> {
  const words = new BigUint64Array(new Uint8Array(bytes.subarray(0, bytes.length - (bytes.length % 16))).buffer);
  const values = new Map<number, number>();
  for (let index = 0; index + 1 < words.length; index += 2) values.set(Number(words[index]), Number(words[index + 1]));
  return values;
}

/** include/uapi/linux/auxvec.h */
export const AT_PAGESZ = 6;
export const AT_CLKTCK = 17;
