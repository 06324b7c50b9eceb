/** The text of a security identifier (winnt.h, SID): `S-1-5-18`. Null for what is none. */
export function parseSid(bytes: Uint8Array): string | null {
  const count = bytes[1] ?? 0;
  if (bytes[0] !== 1 || bytes.length < 8 + count * 4) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // The authority is big-endian, what is below it little-endian.
  const authority = view.getUint16(2) * 2 ** 32 + view.getUint32(4);
  const below = Array.from({ length: count }, (_, place) => view.getUint32(8 + place * 4, true));
  return ['S', 1, authority, ...below].join('-');
}
