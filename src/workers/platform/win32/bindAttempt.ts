import { loadBindProbe } from '../../../native/win32/bindProbe.ts';
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

/** Binds once without listening, for itself alone, and undoes it. Without native calls TCP only, and as Node’s servers do. */
export async function attemptBind(target: BindTarget, { native, hasIpv6 }: { native: boolean; hasIpv6: boolean }): Promise<BindAnswer> {
  const { protocol, address, port } = target;
  const attempt = openBindAttempt({ native });
  if (attempt === null) return 'cannotTry';
  const error = attempt(target);
  const isReserved = error === WSAEACCES && findReserved((await readPortRules()).reserved, protocol, port) !== undefined;
  const answer = judgeBindError(error, { isReserved, lacksFamily: address.family === 'ipv6' && !hasIpv6 });
  if (answer === null) throw new Error(`Binding ${protocol} ${address.text} port ${port} failed with ${error}.`);
  return answer;
}

/** 0, or the error of Winsock. */
type BindAttempt = (target: BindTarget) => number;

function openBindAttempt({ native }: { native: boolean }): BindAttempt | null {
  const probe = native ? loadBindProbe() : null;
  if (probe === null) return hasServerHandles ? bindHandle : null;
  return ({ protocol, address: { family, bytes }, port, scope }) =>
    probe({ protocol, family, address: bytes, port, scopeId: scope?.id ?? 0 });
}

function bindHandle(target: BindTarget): number {
  const errno = bindServerHandle(target);
  return errno === null ? 0 : (winsockErrors[errno] ?? -1);
}

/** What an error of Winsock says about the port; null when that is something else. */
export function judgeBindError(
  error: number,
  { isReserved, lacksFamily }: { isReserved: boolean; lacksFamily: boolean },
): BindAnswer | null {
  switch (error) {
    case 0:
      return 'bound';
    case WSAEADDRINUSE:
      return 'inUse';
    case WSAEACCES:
      // A range that the system has excluded; anywhere else it is a socket that holds the port for itself alone.
      return isReserved ? 'reservedByOs' : 'inUse';
    case WSAEADDRNOTAVAIL:
      return lacksFamily ? 'noFamily' : 'addressUnavailable';
    case WSAEAFNOSUPPORT:
      return 'noFamily';
    default:
      return null;
  }
}

/** winerror.h; "Using SO_REUSEADDR and SO_EXCLUSIVEADDRUSE" has which of them comes when. */
const WSAEACCES = 10_013;
const WSAEAFNOSUPPORT = 10_047;
const WSAEADDRINUSE = 10_048;
const WSAEADDRNOTAVAIL = 10_049;

/** As libuv calls them (src/win/error.c). */
const winsockErrors: Partial<Record<string, number>> = {
  EACCES: WSAEACCES,
  EADDRINUSE: WSAEADDRINUSE,
  EADDRNOTAVAIL: WSAEADDRNOTAVAIL,
  EAFNOSUPPORT: WSAEAFNOSUPPORT,
};
