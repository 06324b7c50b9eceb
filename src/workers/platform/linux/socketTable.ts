import { readFileSync } from 'node:fs';
import { endianness } from 'node:os';
import { type DiagSocket, openSockDiag, type SockDiag } from '../../../native/linux/sockDiag.ts';
import { fail } from '../../../protocol/errors.ts';
import { type Address, fromBytes, isWildcard } from '../parse/address.ts';
import { parseProcNetSockets } from '../parse/procNetSockets.ts';
import { type TableSocket, tcpState } from '../parse/tableSocket.ts';
import { isDenied, isGone } from './procFiles.ts';

type Protocol = TableSocket['protocol'];

export interface TableQuery {
  protocol: Protocol;
  states: readonly number[];
  /** Only this local port; all when absent. */
  port?: number;
}

/** The kernel’s socket table of this network namespace. */
export interface SocketTable {
  source: 'kernel' | 'procfs';
  /** Both families. PermissionDenied or Unsupported when it cannot be read at all. */
  list(query: TableQuery): TableSocket[];
  /** The socket that a first packet to this loopback or other local address reaches; undefined where the kernel cannot be asked for one. */
  find(protocol: Protocol, address: Address, port: number): TableSocket | null | undefined;
}

/** SOCK_DIAG where it answers for both protocols; it can be compiled out, forbidden (seccomp) or not emulated (gVisor), then /proc/net. */
export function openSocketTable({ native }: { native: boolean }): SocketTable {
  const diag = native ? openSockDiag() : null;
  if (diag === null || !protocols.every((protocol) => hasTable(diag, protocol))) return procfsTable;
  return {
    source: 'kernel',
    list: (query) => listFromKernel(diag, query) ?? procfsTable.list(query),
    find: (protocol, address, port) => findInKernel(diag, { protocol, address, port }),
  };
}

const protocols = ['tcp', 'udp'] as const;
const families = ['ipv4', 'ipv6'] as const;

/** A kernel without tcp_diag or udp_diag says ENOENT to a dump, as it does to a `find` of a socket that does not exist: ask this first. */
const hasTable = (diag: SockDiag, protocol: Protocol): boolean =>
  'sockets' in diag.dump({ protocol, family: 'ipv4', states: 1 << tcpState.listen, port: 1 });

/** Null when the kernel declines this once, for want of descriptors or memory. */
function listFromKernel(diag: SockDiag, { protocol, states, port }: TableQuery): TableSocket[] | null {
  const mask = states.reduce((bits, state) => bits | (1 << state), 0);
  const found: TableSocket[] = [];
  const seen = new Set<number>();
  for (const family of families) {
    const answer = diag.dump({ protocol, family, states: mask, ...(port === undefined ? {} : { port }) });
    if ('errno' in answer) return null;
    for (const socket of answer.sockets) {
      // The kernel skips other ports itself, but not among TCP that is bound and idle (seen on Linux 6.18).
      if (port !== undefined && socket.port !== port) continue;
      // A dump of many messages goes on by position, so a socket may come twice when others come and go.
      if (socket.inode !== 0 && seen.has(socket.inode)) continue;
      seen.add(socket.inode);
      found.push(fromDiag(protocol, socket));
    }
  }
  return found;
}

function findInKernel(
  diag: SockDiag,
  { protocol, address, port }: { protocol: Protocol; address: Address; port: number },
): TableSocket | null | undefined {
  // Through `lo`, index 1 in every namespace, comes all that this machine sends to itself; sockets bound to no device match too.
  const answer = diag.find({ protocol, family: address.family, address: address.bytes, port, interfaceIndex: 1 });
  if ('errno' in answer) return answer.errno === 'ENOENT' ? null : undefined;
  const [socket] = answer.sockets;
  return socket === undefined || socket.port !== port ? null : fromDiag(protocol, socket);
}

function fromDiag(protocol: Protocol, socket: DiagSocket): TableSocket {
  const { port, remotePort, uid, inode, isV6Only, isProbe } = socket;
  // Asked for as state 13, TCP that is bound and idle is answered as CLOSE: inet_diag_dump_icsk, since Linux 6.8; older kernels tell none.
  const state = protocol === 'tcp' && socket.state === tcpState.close ? tcpState.boundInactive : socket.state;
  const { family, text } = fromBytes(socket.address);
  const dualStack = family === 'ipv6' && isWildcard(text) ? (isV6Only === null ? null : !isV6Only) : false;
  // A probe never listens: a listener that looks like one is somebody’s.
  return {
    protocol,
    family,
    address: text,
    port,
    remotePort,
    state,
    dualStack,
    key: inode,
    uid,
    isProbe: isProbe && state !== tcpState.listen,
  };
}

const procfsTable: SocketTable = {
  source: 'procfs',
  list: (query) => families.flatMap((family) => listFromProc(query, family)),
  find: () => undefined,
};

function listFromProc(query: TableQuery, family: 'ipv4' | 'ipv6'): TableSocket[] {
  const file = `/proc/net/${query.protocol}${family === 'ipv6' ? '6' : ''}`;
  try {
    return parseProcNetSockets(readFileSync(file, 'latin1'), { ...query, family, byteOrder: endianness() });
  } catch (cause) {
    // A kernel without IPv6 has no such file.
    if (isGone(cause) && family === 'ipv6') return [];
    if (isDenied(cause)) {
      const sentence = `This user may not read ${file}, so nobody can say who holds a port; run the sidecar with access to /proc.`;
      throw fail('PermissionDenied', sentence, { operation: 'readSockets' }, { cause });
    }
    if (isGone(cause)) {
      const sentence = `The kernel’s socket table cannot be read: there is neither SOCK_DIAG nor ${file}. Mount /proc.`;
      throw fail('Unsupported', sentence, { capability: 'socketTable', platform: 'linux' }, { cause });
    }
    throw cause;
  }
}
