import { loadBindProbe } from '../../../native/win32/bindProbe.ts';
import type { Address } from '../parse/address.ts';
import { findReserved } from '../parse/portRanges.ts';
import type { BindAnswer, SocketRow } from '../types.ts';
import { readPortRules } from './portRules.ts';

export interface BindTarget {
  protocol: SocketRow['protocol'];
  address: Address;
  port: number;
  scopeId: number;
}

/** Binds once without listening, for itself alone, and undoes it. */
export async function attemptBind({ address, ...target }: BindTarget, { hasIpv6 }: { hasIpv6: boolean }): Promise<BindAnswer> {
  const { protocol, port } = target;
  const probe = loadBindProbe();
  if (probe === null) return 'cannotTry';
  const error = probe({ ...target, family: address.family, address: address.bytes });
  const isReserved = error === WSAEACCES && findReserved((await readPortRules()).reserved, protocol, port) !== undefined;
  const answer = judgeBindError(error, { isReserved, lacksFamily: address.family === 'ipv6' && !hasIpv6 });
  if (answer === null) throw new Error(`Binding ${protocol} ${address.text} port ${port} failed with ${error}.`);
  return answer;
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
