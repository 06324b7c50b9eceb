/**
 * A security descriptor, self-relative (winnt.h, SECURITY_DESCRIPTOR_RELATIVE), whose list lets only this user in, and to all of
 * `access`, and which belongs to that; where there is none, it lets nobody in. What is inherited from elsewhere does not reach it.
 */
export function encodeSecurity(user: { sid: Uint8Array; access: number } | null): Uint8Array {
  const sid = user?.sid.subarray(0, sidLength(user.sid)) ?? new Uint8Array(0);
  const entryBytes = user === null ? 0 : ACE_BYTES + sid.length;
  const listOffset = DESCRIPTOR_BYTES + sid.length;
  const bytes = new Uint8Array(listOffset + ACL_BYTES + entryBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, REVISION);
  view.setUint16(2, SE_DACL_PRESENT | SE_DACL_PROTECTED | SE_SELF_RELATIVE, true);
  view.setUint32(OWNER_OFFSET, user === null ? 0 : DESCRIPTOR_BYTES, true);
  bytes.set(sid, DESCRIPTOR_BYTES);
  view.setUint32(DACL_OFFSET, listOffset, true);
  view.setUint8(listOffset, ACL_REVISION);
  view.setUint16(listOffset + 2, ACL_BYTES + entryBytes, true);
  if (user === null) return bytes;
  const entry = listOffset + ACL_BYTES;
  view.setUint16(listOffset + 4, 1, true);
  view.setUint8(entry, ACCESS_ALLOWED_ACE_TYPE);
  view.setUint16(entry + 2, entryBytes, true);
  view.setUint32(entry + 4, user.access, true);
  bytes.set(sid, entry + ACE_BYTES);
  return bytes;
}

/** The SID that a descriptor names as owner; null where it names none. */
export function ownerIn(descriptor: Uint8Array): Uint8Array | null {
  const offset = new DataView(descriptor.buffer, descriptor.byteOffset).getUint32(OWNER_OFFSET, true);
  return offset === 0 ? null : descriptor.subarray(offset);
}

/** Revision, count, six bytes of authority, and four bytes for each that is below it. */
const sidLength = (sid: Uint8Array): number => 8 + (sid[1] ?? 0) * 4;

const REVISION = 1;
const SE_DACL_PRESENT = 0x0004;
const SE_DACL_PROTECTED = 0x1000;
const SE_SELF_RELATIVE = 0x8000;
const OWNER_OFFSET = 4;
const DACL_OFFSET = 16;
const DESCRIPTOR_BYTES = 20;
const ACL_REVISION = 2;
const ACL_BYTES = 8;
const ACCESS_ALLOWED_ACE_TYPE = 0;
const ACE_BYTES = 8;
