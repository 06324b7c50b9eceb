import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { probeMark } from './bindProbe.ts';
import { type Libc, loadLibc } from './libc.ts';

/** One socket as the kernel describes it (struct inet_diag_msg, linux/inet_diag.h). */
export interface DiagSocket {
  family: 'ipv4' | 'ipv6';
  /** include/net/tcp_states.h; UDP: 7 unconnected, 1 connected. */
  state: number;
  /** 4 or 16 bytes in network order. */
  address: Uint8Array;
  port: number;
  remotePort: number;
  uid: number;
  /** 0 for a socket that no descriptor leads to any more. */
  inode: number;
  /** Told for listening and unconnected IPv6 sockets only. */
  isV6Only: boolean | null;
  /** It carries `probeMark`: a bind attempt of a sidecar, gone in a moment, and nobody's port. */
  isProbe: boolean;
}

/** The sockets, or the name of the errno with which the kernel declined (`ENOENT`: it has no such table, or no such socket). */
export type DiagAnswer = { sockets: DiagSocket[] } | { errno: string };

export interface DiagQuery {
  protocol: 'tcp' | 'udp';
  family: 'ipv4' | 'ipv6';
  /** Bit n for state n. */
  states: number;
  /** The kernel itself skips all other local ports. */
  port?: number;
}

export interface DiagTarget {
  protocol: 'tcp' | 'udp';
  family: 'ipv4' | 'ipv6';
  address: Uint8Array;
  port: number;
  interfaceIndex: number;
}

/** NETLINK_SOCK_DIAG, see sock_diag(7). Needs no privilege; opens one socket a call and closes it. */
export interface SockDiag {
  dump(query: DiagQuery): DiagAnswer;
  /** The one socket that a first packet to this local address would reach: a hash lookup, whatever the number of sockets. */
  find(target: DiagTarget): DiagAnswer;
}

/** Null without koffi: `socketTables.ts` then reads /proc/net. */
export function openSockDiag(): SockDiag | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const calls = bindings;
  return {
    dump: (query) => ask(libc, calls, encodeDump(query)),
    find: (target) => ask(libc, calls, encodeFind(target)),
  };
}

const SOCK_DIAG_BY_FAMILY = 20;
const NLM_F_REQUEST = 0x1;
const NLM_F_MULTI = 0x2;
const NLM_F_DUMP = 0x300;
const NLM_F_DUMP_INTR = 0x10;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const INET_DIAG_SKMEMINFO = 7;
const INET_DIAG_SKV6ONLY = 11;
const SK_MEMINFO_RCVBUF = 1;
const SK_MEMINFO_SNDBUF = 3;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const requestBytes = 72;
/** The kernel fills at most 32 KiB a message: netlink_dump in net/netlink/af_netlink.c. */
const replyBytes = 65_536;
const attempts = 3;

const domains = { ipv4: 2, ipv6: 10 } as const;
const protocols = { tcp: 6, udp: 17 } as const;
const isLittleEndian = endianness() === 'LE';

function encodeDump({ protocol, family, states, port = 0 }: DiagQuery): Uint8Array {
  const view = encodeRequest(protocol, family, NLM_F_REQUEST | NLM_F_DUMP, states);
  view.setUint16(24, port);
  return new Uint8Array(view.buffer);
}

function encodeFind({ protocol, family, address, port, interfaceIndex }: DiagTarget): Uint8Array {
  const view = encodeRequest(protocol, family, NLM_F_REQUEST, 0xffff_ffff);
  const bytes = new Uint8Array(view.buffer);
  // "src and dst are swapped for historical reasons" in udp_dump_one, net/ipv4/udp_diag.c.
  const isSwapped = protocol === 'udp';
  view.setUint16(isSwapped ? 26 : 24, port);
  bytes.set(address, isSwapped ? 44 : 28);
  view.setUint32(60, interfaceIndex, isLittleEndian);
  // INET_DIAG_NOCOOKIE: any socket of that address, not one that we have met before.
  bytes.fill(0xff, 64, 72);
  return bytes;
}

/** struct nlmsghdr and the head of struct inet_diag_req_v2. */
function encodeRequest(protocol: DiagQuery['protocol'], family: DiagQuery['family'], flags: number, states: number): DataView {
  const view = new DataView(new ArrayBuffer(requestBytes));
  view.setUint32(0, requestBytes, isLittleEndian);
  view.setUint16(4, SOCK_DIAG_BY_FAMILY, isLittleEndian);
  view.setUint16(6, flags, isLittleEndian);
  view.setUint32(8, 1, isLittleEndian);
  view.setUint8(16, domains[family]);
  view.setUint8(17, protocols[protocol]);
  view.setUint8(18, 1 << (INET_DIAG_SKMEMINFO - 1));
  view.setUint32(20, states, isLittleEndian);
  return view;
}

function ask(libc: Libc, calls: Bindings, request: Uint8Array): DiagAnswer {
  let reply: Reply = { errno: 'EINTR', isTransient: true };
  for (let attempt = 0; attempt < attempts; attempt++) {
    reply = askOnce(libc, calls, request);
    if (!reply.isTransient) break;
  }
  return reply;
}

/** `isTransient`: the table changed under the dump, or the kernel was short of memory. */
type Reply = DiagAnswer & { isTransient: boolean };

function askOnce(libc: Libc, calls: Bindings, request: Uint8Array): Reply {
  const failure = (): Reply => {
    const errno = getSystemErrorName(-libc.errno());
    return { errno, isTransient: errno === 'ENOBUFS' || errno === 'EINTR' };
  };
  const fd = calls.socket(16 /* AF_NETLINK */, 3 /* SOCK_RAW */ | 0o2000000 /* SOCK_CLOEXEC */, 4 /* NETLINK_SOCK_DIAG */);
  if (fd < 0) return failure();
  try {
    if (calls.sendTo(fd, request, request.length, 0, kernelAddress(), 12) < 0) return failure();
    const sockets: DiagSocket[] = [];
    let wasInterrupted = false;
    for (;;) {
      // Netlink answers inside sendto and recv, so there is always something to read: a thread can never hang here.
      const length = calls.recv(fd, replyBuffer, replyBytes, MSG_DONTWAIT | MSG_TRUNC);
      if (length < 0) return failure();
      if (length === 0 || length > replyBytes) return { errno: 'EMSGSIZE', isTransient: false };
      const { errno, isLast, isInterrupted } = decodeMessages(length, sockets);
      wasInterrupted ||= isInterrupted;
      if (errno !== null) return { errno, isTransient: false };
      if (isLast) return { sockets, isTransient: wasInterrupted };
    }
  } finally {
    calls.close(fd);
  }
}

const replyBuffer = new Uint8Array(new ArrayBuffer(replyBytes));
const replyView = new DataView(replyBuffer.buffer);

/** struct sockaddr_nl with pid 0: the kernel. */
function kernelAddress(): Uint8Array {
  const bytes = new Uint8Array(12);
  new Uint16Array(bytes.buffer, 0, 1)[0] = 16;
  return bytes;
}

interface Decoded {
  errno: string | null;
  isLast: boolean;
  isInterrupted: boolean;
}

/** The netlink messages of one read; a dump ends with NLMSG_DONE, the answer to a `find` is a single message without NLM_F_MULTI. */
function decodeMessages(length: number, sockets: DiagSocket[]): Decoded {
  let isInterrupted = false;
  for (let offset = 0; offset + 16 <= length; ) {
    const messageLength = replyView.getUint32(offset, isLittleEndian);
    const type = replyView.getUint16(offset + 4, isLittleEndian);
    const flags = replyView.getUint16(offset + 6, isLittleEndian);
    if (messageLength < 16 || offset + messageLength > length) return { errno: 'EBADMSG', isLast: true, isInterrupted };
    if ((flags & NLM_F_DUMP_INTR) !== 0) isInterrupted = true;
    if (type === NLMSG_DONE || type === NLMSG_ERROR) {
      // Both carry an int: 0, or a negative errno.
      const code = messageLength >= 20 ? replyView.getInt32(offset + 16, isLittleEndian) : 0;
      return { errno: code < 0 ? getSystemErrorName(code) : null, isLast: true, isInterrupted };
    }
    if (type === SOCK_DIAG_BY_FAMILY && messageLength >= 16 + 72) sockets.push(decodeSocket(offset + 16, offset + messageLength));
    if ((flags & NLM_F_MULTI) === 0) return { errno: null, isLast: true, isInterrupted };
    offset += (messageLength + 3) & ~3;
  }
  return { errno: null, isLast: false, isInterrupted };
}

/** struct inet_diag_msg at `start`, its attributes behind it up to `end`. */
function decodeSocket(start: number, end: number): DiagSocket {
  const family = replyView.getUint8(start) === domains.ipv4 ? 'ipv4' : 'ipv6';
  const socket: DiagSocket = {
    family,
    state: replyView.getUint8(start + 1),
    address: replyBuffer.slice(start + 8, start + (family === 'ipv4' ? 12 : 24)),
    port: replyView.getUint16(start + 4),
    remotePort: replyView.getUint16(start + 6),
    uid: replyView.getUint32(start + 64, isLittleEndian),
    inode: replyView.getUint32(start + 68, isLittleEndian),
    isV6Only: null,
    isProbe: false,
  };
  for (let offset = start + 72; offset + 4 <= end; ) {
    const attributeLength = replyView.getUint16(offset, isLittleEndian);
    const type = replyView.getUint16(offset + 2, isLittleEndian);
    if (attributeLength < 4 || offset + attributeLength > end) break;
    if (type === INET_DIAG_SKV6ONLY && attributeLength >= 5) socket.isV6Only = replyView.getUint8(offset + 4) !== 0;
    if (type === INET_DIAG_SKMEMINFO && attributeLength >= 4 + 4 * (SK_MEMINFO_SNDBUF + 1)) {
      socket.isProbe =
        readMeminfo(offset, SK_MEMINFO_RCVBUF) === probeMark.receiveBytes && readMeminfo(offset, SK_MEMINFO_SNDBUF) === probeMark.sendBytes;
    }
    offset += (attributeLength + 3) & ~3;
  }
  return socket;
}

const readMeminfo = (attribute: number, index: number): number => replyView.getUint32(attribute + 4 + 4 * index, isLittleEndian);

interface Bindings {
  socket(domain: number, type: number, protocol: number): number;
  sendTo(fd: number, bytes: Uint8Array, length: number, flags: number, address: Uint8Array, addressLength: number): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  close(fd: number): number;
}
let bindings: Bindings | undefined;

/** The lengths fit an int, which spares a BigInt check of every ssize_t. */
function bindFunctions({ lib }: Libc): Bindings {
  return {
    socket: lib.func('int socket(int domain, int type, int protocol)'),
    sendTo: lib.func('int sendto(int fd, const void *bytes, size_t length, int flags, const void *address, uint32_t addressLength)'),
    recv: lib.func('int recv(int fd, void *bytes, size_t length, int flags)'),
    close: lib.func('int close(int fd)'),
  };
}
