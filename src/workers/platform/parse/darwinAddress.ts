import type { Family } from '../types.ts';
import { type Address, fromBytes, isLinkLocal, parseAddress } from './address.ts';

/** A local address as the tools of macOS print it: `*` for all of a family. Null for what is none. */
export function readLocalAddress(text: string, family: Family): Address | null {
  if (text === '*' || text === '') return parseAddress(family === 'ipv4' ? '0.0.0.0' : '::');
  const address = parseAddress(text);
  return address === null ? null : withoutScope(address);
}

/**
 * The kernel keeps the interface of a link-local address in its second word, and lsof and libproc show it there (in6_embedscope,
 * bsd/netinet6/scope6.c): to the world `fe80:4::1` is `fe80::1`.
 */
export function withoutScope(address: Address): Address {
  if (!isLinkLocal(address)) return address;
  const bytes = new Uint8Array(address.bytes);
  bytes.fill(0, 2, 4);
  return fromBytes(bytes);
}
