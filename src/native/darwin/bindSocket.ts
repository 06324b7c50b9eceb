import { getSystemErrorName } from 'node:util';
import { type LibSystem, loadLibSystem } from './libSystem.ts';

export interface BindRequest {
  protocol: 'tcp' | 'udp';
  family: 'ipv4' | 'ipv6';
  /** 4 or 16 bytes in network order. */
  address: Uint8Array;
  port: number;
  /** The interface of a link-local IPv6 address; 0 for every other. */
  scopeId: number;
  reuseAddress: boolean;
}

/** A descriptor, or the name of the errno (`EADDRINUSE`). */
export type BoundSocket = { fd: number } | { errno: string };

export interface BindSocket {
  /** Binds a socket that neither listens nor connects; IPv6 is v6only. Node starts children without any descriptor of ours (POSIX_SPAWN_CLOEXEC_DEFAULT). */
  bind(request: BindRequest): BoundSocket;
  /** The errno where that fails, or null. */
  listen(fd: number, backlog: number): string | null;
  /** The port that the system has chosen for a socket that was bound to port 0. */
  port(fd: number): number | null;
  close(fd: number): void;
}

/** Null without native calls: `bindAttempt.ts` goes through Node’s own handles then. */
export function loadBindSocket(): BindSocket | null {
  const system = loadLibSystem();
  if (system === null) return null;
  loaded ??= bindFunctions(system);
  return loaded;
}
let loaded: BindSocket | undefined;

function bindFunctions({ lib, errno }: LibSystem): BindSocket {
  const open = lib.func('int socket(int domain, int type, int protocol)');
  const setOption = lib.func('int setsockopt(int fd, int level, int name, void *value, uint32_t length)');
  const bind = lib.func('int bind(int fd, void *address, uint32_t length)');
  const listen = lib.func('int listen(int fd, int backlog)');
  const getName = lib.func('int getsockname(int fd, void *address, void *length)');
  const close = lib.func('int close(int fd)');
  const errnoName = (): string => getSystemErrorName(-errno());

  return {
    bind(request) {
      const fd = open(domains[request.family], types[request.protocol], 0) as number;
      if (fd < 0) return { errno: errnoName() };
      if (request.reuseAddress) setOption(fd, SOL_SOCKET, SO_REUSEADDR, Int32Array.of(1), 4);
      if (request.family === 'ipv6') setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, Int32Array.of(1), 4);
      const address = encodeDarwinAddress(request);
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

/** struct sockaddr_in and sockaddr_in6 (netinet/in.h): length, family, port in network order; for IPv6 the scope behind the address. */
export function encodeDarwinAddress({ family, address, port, scopeId }: Omit<BindRequest, 'protocol' | 'reuseAddress'>): Uint8Array {
  const bytes = new Uint8Array(family === 'ipv4' ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, bytes.length);
  view.setUint8(1, domains[family]);
  view.setUint16(2, port);
  bytes.set(address, family === 'ipv4' ? 4 : 8);
  if (family === 'ipv6') view.setUint32(24, scopeId, true);
  return bytes;
}

/** bsd/sys/socket.h, bsd/netinet/in.h, bsd/netinet6/in6.h */
const domains = { ipv4: 2, ipv6: 30 } as const;
const types = { tcp: 1, udp: 2 } as const;
const SOL_SOCKET = 0xffff;
const SO_REUSEADDR = 0x0004;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 27;
