import { getSystemErrorName } from 'node:util';
import type { BindRequest, BindSocket } from '../bindSocket.ts';
import type { KoffiAnswer } from '../koffi.ts';

export interface PosixBindSocket extends BindSocket {
  /** Begins to listen on what was bound. The errno where that fails (another listens there already), or null. */
  listen(fd: number, backlog: number): string | null;
  /** The port that the system has chosen for a socket that was bound to port 0. */
  port(fd: number): number | null;
}

/** What has another number, or another place, in each system’s headers. */
export interface SocketNumbers {
  AF_INET6: number;
  /** Set with the type of a socket, so that no exec keeps it; 0 where starting a program keeps nothing anyway. */
  SOCK_CLOEXEC: number;
  SOL_SOCKET: number;
  SO_REUSEADDR: number;
  SO_SNDBUF: number;
  SO_RCVBUF: number;
  IPV6_V6ONLY: number;
  /** The family of a sockaddr is one byte, behind its length (BSD), and not two. */
  hasLength: boolean;
}

interface CLibrary {
  lib: ReturnType<NonNullable<KoffiAnswer['koffi']>['load']>;
  errno(): number;
}

/** The calls themselves: socket(2), setsockopt(2), bind(2), listen(2), getsockname(2). */
export function bindPosixSockets({ lib, errno }: CLibrary, numbers: SocketNumbers): PosixBindSocket {
  const open = lib.func('int socket(int domain, int type, int protocol)');
  const setOption = lib.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
  const bind = lib.func('int bind(int fd, const void *address, uint32_t length)');
  const listen = lib.func('int listen(int fd, int backlog)');
  const getName = lib.func('int getsockname(int fd, void *address, void *length)');
  const close = lib.func('int close(int fd)');
  const errnoName = (): string => getSystemErrorName(-errno());
  const { SOCK_CLOEXEC, SOL_SOCKET, SO_REUSEADDR, SO_SNDBUF, SO_RCVBUF, IPV6_V6ONLY } = numbers;
  const set = (fd: number, level: number, name: number, value: number) => setOption(fd, level, name, Int32Array.of(value), 4);

  return {
    bind(request) {
      const { protocol, family, reuseAddress, dualStack = false, bufferBytes } = request;
      const fd = open(domainOf(family, numbers), types[protocol] | SOCK_CLOEXEC, 0) as number;
      if (fd < 0) return { errno: errnoName() };
      if (bufferBytes !== undefined) {
        set(fd, SOL_SOCKET, SO_RCVBUF, bufferBytes.receive);
        set(fd, SOL_SOCKET, SO_SNDBUF, bufferBytes.send);
      }
      if (reuseAddress) set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      if (family === 'ipv6') set(fd, IPPROTO_IPV6, IPV6_V6ONLY, dualStack ? 0 : 1);
      const address = encodeSocketAddress(request, numbers);
      if (bind(fd, address, address.length) === 0) return { fd };
      const refusal = { errno: errnoName() };
      close(fd);
      return refusal;
    },
    listen: (fd, backlog) => (listen(fd, backlog) === 0 ? null : errnoName()),
    port(fd) {
      const address = new Uint8Array(28);
      return getName(fd, address, Uint32Array.of(address.length)) === 0 ? new DataView(address.buffer).getUint16(2) : null;
    },
    close: (fd) => void close(fd),
  };
}

/** struct sockaddr_in or sockaddr_in6: the family and, behind the address, the scope in host order, the port in network order. */
export function encodeSocketAddress(
  { family, address, port, scopeId }: Pick<BindRequest, 'family' | 'address' | 'port' | 'scopeId'>,
  numbers: Pick<SocketNumbers, 'AF_INET6' | 'hasLength'>,
): Uint8Array {
  const bytes = new Uint8Array(family === 'ipv4' ? 16 : 28);
  if (numbers.hasLength) bytes.set([bytes.length, domainOf(family, numbers)]);
  else new Uint16Array(bytes.buffer, 0, 1)[0] = domainOf(family, numbers);
  new DataView(bytes.buffer).setUint16(2, port);
  bytes.set(address, family === 'ipv4' ? 4 : 8);
  if (family === 'ipv6') new Uint32Array(bytes.buffer, 24, 1)[0] = scopeId;
  return bytes;
}

const domainOf = (family: BindRequest['family'], { AF_INET6 }: Pick<SocketNumbers, 'AF_INET6'>): number =>
  family === 'ipv4' ? AF_INET : AF_INET6;

/** The same everywhere. */
const AF_INET = 2;
const types = { tcp: 1, udp: 2 } as const;
const IPPROTO_IPV6 = 41;
