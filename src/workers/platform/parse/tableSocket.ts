import type { Family, SocketRow } from '../types.ts';

/** TCP’s states as the kernel numbers them: include/net/tcp_states.h. UDP uses `close` for unconnected, `established` for connected. */
export const tcpState = {
  established: 1,
  synSent: 2,
  synReceived: 3,
  finWait1: 4,
  finWait2: 5,
  timeWait: 6,
  close: 7,
  closeWait: 8,
  lastAck: 9,
  listen: 10,
  closing: 11,
  newSynReceived: 12,
  /** SOCK_DIAG only, since Linux 6.8: bound, neither listening nor connected. */
  boundInactive: 13,
} as const;

/** A row of the kernel’s socket table, from whichever source, before it is judged. */
export interface TableSocket {
  protocol: SocketRow['protocol'];
  family: Family;
  address: string;
  port: number;
  remotePort: number;
  state: number;
  dualStack: boolean | null;
  key: number;
  uid: number;
  /** A sidecar’s own bind attempt, passing by; never a holder. */
  isProbe: boolean;
}

/** A socket that holds its port: a listener, a bound and idle TCP socket, or UDP that is not tied to one peer. */
export function toSocketRow(socket: TableSocket): SocketRow | null {
  const { protocol, family, address, port, state, dualStack, key, uid, remotePort, isProbe } = socket;
  if (isProbe || (protocol === 'udp' && (state !== tcpState.close || remotePort !== 0))) return null;
  if (protocol === 'tcp' && state !== tcpState.listen && state !== tcpState.boundInactive) return null;
  return { protocol, family, address, port, state: state === tcpState.listen ? 'listen' : 'bound', dualStack, key, uid, pids: null };
}
