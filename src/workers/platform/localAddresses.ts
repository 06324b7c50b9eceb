import { networkInterfaces } from 'node:os';
import { type Address, isLinkLocal, parseAddress } from './parse/address.ts';

/** The interface of a link-local address. */
export interface Scope {
  id: number;
  name: string;
}

/** An address that a caller has checked already. */
export function localAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(`${JSON.stringify(text)} is not an address.`);
  return address;
}

/** Where a link-local address is one of this machine’s; null for any other. */
export function findScope(address: Address): Scope | null {
  if (!isLinkLocal(address)) return null;
  const candidates = localInterfaces().filter((local) => local.address.text === address.text && local.scopeId !== 0);
  const { zone } = address;
  const match = candidates.find(({ name, scopeId }) => zone === null || zone === name || zone === String(scopeId));
  return match === undefined ? null : { id: match.scopeId, name: match.name };
}

/** The addresses of this machine; wildcards are not among them. */
export function localInterfaces(): { name: string; address: Address; scopeId: number }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, entries = []]) =>
    entries.map((entry) => ({ name, address: localAddress(entry.address), scopeId: entry.family === 'IPv6' ? entry.scopeid : 0 })),
  );
}

export const hasIpv6Address = (): boolean => localInterfaces().some(({ address }) => address.family === 'ipv6');
