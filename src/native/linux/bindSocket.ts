import { getSystemErrorName } from 'node:util';
import { type Libc, loadLibc } from './libc.ts';

export interface BindRequest {
  protocol: 'tcp' | 'udp';
  family: 'ipv4' | 'ipv6';
  /** 4 or 16 bytes in network order. */
  address: Uint8Array;
  port: number;
  /** The interface of a link-local IPv6 address; 0 for every other. */
  scopeId: number;
  /** Sets SO_REUSEADDR, as servers do for TCP and do not for UDP. */
  reuseAddress: boolean;
  /** An IPv6 wildcard takes what comes by IPv4 as well. */
  dualStack?: boolean;
  /** What the kernel is told for SO_RCVBUF and SO_SNDBUF; its own sizes when absent. */
  bufferBytes?: { receive: number; send: number };
}

/** A descriptor, or the name of the errno (`EADDRINUSE`). */
export type BoundSocket = { fd: number } | { errno: string };

export interface BindSocket {
  /** Binds a socket that neither listens nor connects; IPv6 is v6only unless `dualStack` is asked for. No child inherits it. */
  bind(request: BindRequest): BoundSocket;
  /** Begins to listen on what was bound. The errno where that fails (another listens there already), or null. */
  listen(fd: number, backlog: number): string | null;
  /** Not fs.closeSync: in a pool thread Node warns of every descriptor that it has not opened itself, and keeps the warning (worker option trackUnmanagedFds). */
  close(fd: number): void;
}

/** Null without koffi: `bindAttempt.ts` goes through Node’s own handles then, `heldSocket.ts` says Unsupported. */
export function loadBindSocket(): BindSocket | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const calls = bindings;
  return {
    bind(request) {
      const { protocol, family, reuseAddress, dualStack = false, bufferBytes } = request;
      const fd = calls.socket(domains[family], types[protocol] | SOCK_CLOEXEC, 0);
      if (fd < 0) return { errno: getSystemErrorName(-libc.errno()) };
      if (bufferBytes !== undefined) {
        calls.setOption(fd, SOL_SOCKET, SO_RCVBUF, intBytes(bufferBytes.receive), 4);
        calls.setOption(fd, SOL_SOCKET, SO_SNDBUF, intBytes(bufferBytes.send), 4);
      }
      if (reuseAddress) calls.setOption(fd, SOL_SOCKET, SO_REUSEADDR, intBytes(1), 4);
      if (family === 'ipv6') calls.setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, intBytes(dualStack ? 0 : 1), 4);
      const socketAddress = encodeSocketAddress(request);
      if (calls.bind(fd, socketAddress, socketAddress.length) === 0) return { fd };
      const errno = getSystemErrorName(-libc.errno());
      calls.close(fd);
      return { errno };
    },
    listen: (fd, backlog) => (calls.listen(fd, backlog) === 0 ? null : getSystemErrorName(-libc.errno())),
    close: (fd) => void calls.close(fd),
  };
}

const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const domains = { ipv4: 2, ipv6: 10 } as const;
const types = { tcp: 1, udp: 2 } as const;

/** struct sockaddr_in or sockaddr_in6: the family and the scope in host order, the port in network order. */
function encodeSocketAddress({ family, address, port, scopeId }: BindRequest): Uint8Array {
  const bytes = new Uint8Array(family === 'ipv4' ? 16 : 28);
  new Uint16Array(bytes.buffer, 0, 1)[0] = domains[family];
  new DataView(bytes.buffer).setUint16(2, port);
  bytes.set(address, family === 'ipv4' ? 4 : 8);
  if (family === 'ipv6') new Uint32Array(bytes.buffer, 24, 1)[0] = scopeId;
  return bytes;
}

const intBytes = (value: number): Uint8Array => new Uint8Array(Int32Array.of(value).buffer);

interface Bindings {
  socket(domain: number, type: number, protocol: number): number;
  setOption(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  close(fd: number): number;
}
let bindings: Bindings | undefined;

function bindFunctions({ lib }: Libc): Bindings {
  return {
    socket: lib.func('int socket(int domain, int type, int protocol)'),
    setOption: lib.func('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)'),
    bind: lib.func('int bind(int fd, const void *address, uint32_t length)'),
    listen: lib.func('int listen(int fd, int backlog)'),
    close: lib.func('int close(int fd)'),
  };
}
