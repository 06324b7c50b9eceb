import { type Address, isLinkLocal } from '../parse/address.ts';
import type { BindAnswer, SocketRow } from '../types.ts';

export interface JudgedBind {
  protocol: SocketRow['protocol'];
  address: Address;
  port: number;
}

export interface BindCircumstances {
  /** What this system calls a link-local address without its interface, or with another one. */
  linkErrnos: readonly string[];
  hasIpv6(): boolean;
}

/** What the errno of a bind says about the port; null where it succeeded. Throws for one that says nothing about ports. */
export function judgeBind(
  errno: string | null,
  { protocol, address, port }: JudgedBind,
  { linkErrnos, hasIpv6 }: BindCircumstances,
): BindAnswer {
  const answer = errno === null ? 'bound' : bindAnswers[errno];
  const isAway = answer === 'addressUnavailable' || (errno !== null && isLinkLocal(address) && linkErrnos.includes(errno));
  if (isAway) return address.family === 'ipv6' && !hasIpv6() ? 'noFamily' : 'addressUnavailable';
  if (answer === undefined) throw new Error(`Binding ${protocol} ${address.text} port ${port} failed with ${errno}.`);
  return answer;
}

/** bind(2) */
const bindAnswers: Partial<Record<string, BindAnswer>> = {
  EADDRINUSE: 'inUse',
  EACCES: 'accessDenied',
  // A sandbox, a security module or a cgroup’s BPF program may refuse a bind so.
  EPERM: 'accessDenied',
  EADDRNOTAVAIL: 'addressUnavailable',
  EAFNOSUPPORT: 'noFamily',
};
