import { openBindProbe } from '../../../native/linux/bindProbe.ts';
import type { Scope } from '../localAddresses.ts';
import type { Address } from '../parse/address.ts';
import { bindServerHandle, hasServerHandles } from '../posix/bindServerHandle.ts';
import type { MaybePromise, SocketRow } from '../types.ts';

export interface BindTarget {
  protocol: SocketRow['protocol'];
  address: Address;
  port: number;
  /** The interface of a link-local address. */
  scope: Scope | null;
}

/** Binds once without listening and undoes it: null when that worked, else the errno’s name. TCP with SO_REUSEADDR, UDP without; IPv6 v6only. */
export type BindAttempt = (target: BindTarget) => MaybePromise<string | null>;

/** The system calls themselves; without koffi Node’s own handles. Null for a protocol that neither can bind without listening. */
export function openBindAttempt({ native }: { native: boolean }): Record<SocketRow['protocol'], BindAttempt | null> {
  const probe = native ? openBindProbe() : null;
  // UDP attempts of two sidecars would refuse each other, and without native calls nothing marks them as such.
  if (probe === null) return { tcp: hasServerHandles ? bindServerHandle : null, udp: null };
  const attempt: BindAttempt = ({ protocol, address: { family, bytes }, port, scope }) =>
    probe({ protocol, family, address: bytes, port, scopeId: scope?.id ?? 0, reuseAddress: protocol === 'tcp' });
  return { tcp: attempt, udp: attempt };
}
