import { loadLibraries } from './libraries.ts';

export interface BindQuestion {
  protocol: 'tcp' | 'udp';
  family: 'ipv4' | 'ipv6';
  /** In network order. */
  address: Uint8Array;
  port: number;
  scopeId: number;
}

/** Binds a socket once without listening, for itself alone (SO_EXCLUSIVEADDRUSE, IPv6 v6only), and closes it: 0, or the error of Winsock. */
export type BindProbe = (question: BindQuestion) => number;

/** Null without native calls. */
export function loadBindProbe(): BindProbe | null {
  if (loaded === undefined) loaded = bind();
  return loaded;
}
let loaded: BindProbe | null | undefined;

/** Winsock is up: Node starts it before it runs anything (uv__winsock_init). */
function bind(): BindProbe | null {
  const libraries = loadLibraries();
  if (libraries === null) return null;
  const { winsock } = libraries;
  const openSocket = winsock.func('intptr_t __stdcall socket(int family, int type, int protocol)');
  const setOption = winsock.func('int __stdcall setsockopt(intptr_t socket, int level, int name, void *value, int size)');
  const bindSocket = winsock.func('int __stdcall bind(intptr_t socket, void *address, int size)');
  const closeSocket = winsock.func('int __stdcall closesocket(intptr_t socket)');
  const lastError = winsock.func('int __stdcall WSAGetLastError()');

  return function probe(question) {
    const isTcp = question.protocol === 'tcp';
    const family = question.family === 'ipv4' ? AF_INET : AF_INET6;
    const socket = openSocket(family, isTcp ? SOCK_STREAM : SOCK_DGRAM, isTcp ? IPPROTO_TCP : IPPROTO_UDP);
    if (Number(socket) === INVALID_SOCKET) return lastError();
    try {
      const on = new Int32Array([1]);
      if (setOption(socket, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, on, 4) !== 0) return lastError();
      if (family === AF_INET6 && setOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, on, 4) !== 0) return lastError();
      const address = encodeAddress(question, family);
      return bindSocket(socket, address, address.length) === 0 ? 0 : lastError();
    } finally {
      closeSocket(socket);
    }
  };
}

/** struct sockaddr_in and sockaddr_in6 (ws2def.h): family, port in network order, …, for IPv6 the scope behind the address. */
function encodeAddress({ address, port, scopeId }: BindQuestion, family: number): Uint8Array {
  const bytes = new Uint8Array(family === AF_INET ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, family, true);
  view.setUint16(2, port);
  bytes.set(address, family === AF_INET ? 4 : 8);
  if (family === AF_INET6) view.setUint32(24, scopeId, true);
  return bytes;
}

const [AF_INET, AF_INET6] = [2, 23];
const [SOCK_STREAM, SOCK_DGRAM] = [1, 2];
const [IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6] = [6, 17, 41];
const SOL_SOCKET = 0xffff;
const SO_EXCLUSIVEADDRUSE = ~4;
const IPV6_V6ONLY = 27;
const INVALID_SOCKET = -1;
