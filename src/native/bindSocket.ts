/** What a socket is bound to, and how. */
export interface BindRequest {
  protocol: 'tcp' | 'udp';
  family: 'ipv4' | 'ipv6';
  /** 4 or 16 bytes in network order. */
  address: Uint8Array;
  port: number;
  /** The interface of a link-local IPv6 address; 0 for every other. */
  scopeId: number;
  /** POSIX: sets SO_REUSEADDR, as servers do for TCP and do not for UDP. Windows knows but SO_EXCLUSIVEADDRUSE. */
  reuseAddress: boolean;
  /** An IPv6 wildcard takes what comes by IPv4 as well. */
  dualStack?: boolean;
  /** What the kernel is told for SO_RCVBUF and SO_SNDBUF; its own sizes when absent. */
  bufferBytes?: { receive: number; send: number };
}

/** A descriptor (Windows: a handle), or the name of the errno (`EADDRINUSE`). */
export type BoundSocket = { fd: number } | { errno: string };

export interface BindSocket {
  /** Binds a socket that neither listens nor connects; IPv6 is v6only unless `dualStack` is asked for. No child inherits it. */
  bind(request: BindRequest): BoundSocket;
  /** Not fs.closeSync: in a pool thread Node warns of every descriptor that it has not opened itself, and keeps the warning (worker option trackUnmanagedFds). */
  close(fd: number): void;
}
