import { bindPosixSockets, type PosixBindSocket, type SocketNumbers } from '../posix/bindSocket.ts';
import { loadLibSystem } from './libSystem.ts';

/** Null without native calls: `bindAttempt.ts` goes through Node’s own handles then, `heldSocket.ts` says Unsupported. */
export function loadBindSocket(): PosixBindSocket | null {
  const system = loadLibSystem();
  if (system === null) return null;
  loaded ??= bindPosixSockets(system, numbers);
  return loaded;
}
let loaded: PosixBindSocket | undefined;

/**
 * bsd/sys/socket.h, bsd/netinet6/in6.h of xnu. Node starts children without any descriptor of ours there (POSIX_SPAWN_CLOEXEC_DEFAULT).
 */
export const numbers: SocketNumbers = {
  AF_INET6: 30,
  SOCK_CLOEXEC: 0,
  SOL_SOCKET: 0xffff,
  SO_REUSEADDR: 0x0004,
  SO_SNDBUF: 0x1001,
  SO_RCVBUF: 0x1002,
  IPV6_V6ONLY: 27,
  hasLength: true,
};
