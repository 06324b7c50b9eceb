import { bindPosixSockets, type PosixBindSocket, type SocketNumbers } from '../posix/bindSocket.ts';
import { loadLibc } from './libc.ts';

/** Null without koffi: `bindAttempt.ts` goes through Node’s own handles then, `heldSocket.ts` says Unsupported. */
export function loadBindSocket(): PosixBindSocket | null {
  const libc = loadLibc();
  if (libc === null) return null;
  loaded ??= bindPosixSockets(libc, numbers);
  return loaded;
}
let loaded: PosixBindSocket | undefined;

/** include/linux/socket.h, include/uapi/asm-generic/socket.h, include/uapi/linux/in6.h */
const numbers: SocketNumbers = {
  AF_INET6: 10,
  SOCK_CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_REUSEADDR: 2,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  IPV6_V6ONLY: 26,
  hasLength: false,
};
