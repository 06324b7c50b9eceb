import type { BindRequest, BindSocket } from '../bindSocket.ts';
import { loadLibraries } from './libraries.ts';

/** Sockets for themselves alone (SO_EXCLUSIVEADDRUSE): no other can be bound beside them, whatever it asks for. Null without native calls. */
export function loadBindSocket(): BindSocket | null {
  if (loaded === undefined) loaded = bindFunctions();
  return loaded;
}
let loaded: BindSocket | null | undefined;

/** Winsock is up: Node starts it before it runs anything (uv__winsock_init). */
function bindFunctions(): BindSocket | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { winsock } = libraries;
  const open = winsock.func('intptr_t __stdcall WSASocketW(int family, int type, int protocol, void *info, uint32 group, uint32 flags)');
  const setOption = winsock.func('int __stdcall setsockopt(intptr_t socket, int level, int name, void *value, int size)');
  const bind = winsock.func('int __stdcall bind(intptr_t socket, void *address, int size)');
  const close = winsock.func('int __stdcall closesocket(intptr_t socket)');
  const lastError = winsock.func('int __stdcall WSAGetLastError()');
  const errnoName = (): string => nameOf(lastError() as number);

  return {
    bind(request) {
      const isTcp = request.protocol === 'tcp';
      const family = families[request.family];
      const socket = Number(
        open(family, isTcp ? SOCK_STREAM : SOCK_DGRAM, isTcp ? IPPROTO_TCP : IPPROTO_UDP, null, 0, WSA_FLAG_NO_HANDLE_INHERIT),
      );
      if (socket === INVALID_SOCKET) return { errno: errnoName() };
      const on = Int32Array.of(1);
      const address = encodeAddress(request, family);
      const isBound =
        setOption(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, on, 4) === 0 &&
        (request.family === 'ipv4' || setOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, on, 4) === 0) &&
        bind(socket, address, address.length) === 0;
      if (isBound) return { fd: socket };
      const refusal = { errno: errnoName() };
      close(socket);
      return refusal;
    },
    close: (socket) => void close(socket),
  };
}

/** winerror.h; as libuv calls them (src/win/error.c). */
const errnos: Record<number, string> = {
  10013: 'EACCES',
  10024: 'EMFILE',
  10047: 'EAFNOSUPPORT',
  10048: 'EADDRINUSE',
  10049: 'EADDRNOTAVAIL',
  10055: 'ENOBUFS',
};

const nameOf = (error: number): string => errnos[error] ?? `WSA error ${error}`;

/** struct sockaddr_in and sockaddr_in6 (ws2def.h): family, port in network order, …, for IPv6 the scope behind the address. */
function encodeAddress({ address, port, scopeId }: BindRequest, family: number): Uint8Array {
  const bytes = new Uint8Array(family === families.ipv4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  bytes.set(address, family === families.ipv4 ? 4 : 8);
  if (family === families.ipv6) view.setUint32(24, scopeId, true);
  return bytes;
}

const families = { ipv4: 2, ipv6: 23 } as const;
const [SOCK_STREAM, SOCK_DGRAM] = [1, 2];
const [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6] = [6, 17, 41];
const WSA_FLAG_NO_HANDLE_INHERIT = 0x80;
const SOL_SOCKET = 0xffff;
const SO_EXCLUSIVEADDRUSE = ~4;
const IPV6_V6ONLY = 27;
const INVALID_SOCKET = -1;
