import type { SocketRow } from '../types.ts';
import { type Address, isWildcard } from './address.ts';

type Place = Pick<SocketRow, 'family' | 'address' | 'dualStack'>;

/** Whether a socket gets what is sent to this local address; `maybe` where the source does not tell if an IPv6 wildcard takes IPv4. */
export function covers(socket: Place, address: Address): 'yes' | 'no' | 'maybe' {
  if (socket.family === address.family) return isWildcard(socket.address) || socket.address === address.text ? 'yes' : 'no';
  if (socket.family === 'ipv4' || !isWildcard(socket.address) || socket.dualStack === false) return 'no';
  return socket.dualStack === null ? 'maybe' : 'yes';
}

/** Whether two sockets with these places want the same packets, so that binding the second (v6only) can fail for the first. */
export function overlaps(socket: Place, address: Address): boolean {
  return covers(socket, address) !== 'no' || (isWildcard(address.text) && socket.family === address.family);
}
