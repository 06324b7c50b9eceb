import { loadBindSocket } from '../../../native/win32/bindSocket.ts';
import type { Scope } from '../localAddresses.ts';
import type { Address } from '../parse/address.ts';
import { findReserved } from '../parse/portRanges.ts';
import { bindServerHandle, hasServerHandles } from '../posix/bindServerHandle.ts';
import type { BindAnswer, SocketRow } from '../types.ts';
import { readPortRules } from './portRules.ts';

export interface BindTarget {
  protocol: SocketRow['protocol'];
  address: Address;
  port: number;
  /** The interface of a link-local address. */
  scope: Scope | null;
}

/** Binds once without listening and undoes it: null when that worked, else the errno’s name. For itself alone; IPv6 v6only. */
export type BindAttempt = (target: BindTarget) => string | null;

/** Winsock’s own calls; without native ones Node’s handles. Null for a protocol that neither can bind without listening. */
export function openBindAttempt({ native }: { native: boolean }): Record<SocketRow['protocol'], BindAttempt | null> {
  const sockets = native ? loadBindSocket() : null;
  if (sockets === null) return { tcp: hasServerHandles ? bindServerHandle : null, udp: null };
  const attempt: BindAttempt = ({ protocol, address: { family, bytes }, port, scope }) => {
    const answer = sockets.bind({ protocol, family, address: bytes, port, scopeId: scope?.id ?? 0, reuseAddress: false });
    if ('errno' in answer) return answer.errno;
    sockets.close(answer.fd);
    return null;
  };
  return { tcp: attempt, udp: attempt };
}

/** What came of an attempt says this of the port. Throws for an error that says nothing about ports. */
export async function judgeAttempt(
  errno: string | null,
  { protocol, address, port }: BindTarget,
  { hasIpv6 }: { hasIpv6: boolean },
): Promise<BindAnswer> {
  const isReserved = errno === 'EACCES' && findReserved((await readPortRules()).reserved, protocol, port) !== undefined;
  const answer = judgeBind(errno, { isReserved, lacksFamily: address.family === 'ipv6' && !hasIpv6 });
  if (answer === null) throw new Error(`Binding ${protocol} ${address.text} port ${port} failed with ${errno}.`);
  return answer;
}

/** Null for an error that says nothing about the port. "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" has which of them comes when. */
export function judgeBind(
  errno: string | null,
  { isReserved, lacksFamily }: { isReserved: boolean; lacksFamily: boolean },
): BindAnswer | null {
  switch (errno) {
    case null:
      return 'bound';
    case 'EADDRINUSE':
      return 'inUse';
    case 'EACCES':
      // A range that the system has excluded; anywhere else it is a socket that holds the port for itself alone.
      return isReserved ? 'reservedByOs' : 'inUse';
    case 'EADDRNOTAVAIL':
      return lacksFamily ? 'noFamily' : 'addressUnavailable';
    case 'EAFNOSUPPORT':
      return 'noFamily';
    default:
      return null;
  }
}
