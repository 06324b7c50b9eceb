import type { Family } from '../types.ts';
import { fromBytes } from './address.ts';
import { withoutScope } from './darwinAddress.ts';
import { readString } from './kinfoProc.ts';

/*
 * The structures of libproc, by their layout in bsd/sys/proc_info.h of xnu. All of them have the same one on every 64-bit Mac, and
 * all are little-endian.
 */

/** How many bytes the kernel answers with; any other number is another layout. */
export const sizes = {
  /** struct proc_bsdinfo */
  bsdInfo: 136,
  /** struct proc_taskinfo */
  taskInfo: 96,
  /** struct proc_vnodepathinfo: two of struct vnode_info_path */
  vnodePaths: 2_352,
  /** struct proc_fdinfo */
  descriptor: 8,
  /** struct socket_fdinfo */
  socket: 792,
} as const;

/** What PROC_PIDTBSDINFO says, as far as it can be compared with what sysctl says. */
export interface BsdInfo {
  pid: number;
  ppid: number;
  pgid: number;
  uid: number;
  startMicros: number;
}

export function parseBsdInfo(bytes: Uint8Array): BsdInfo {
  const view = viewOf(bytes);
  return {
    pid: view.getUint32(12, true),
    ppid: view.getUint32(16, true),
    uid: view.getUint32(20, true),
    pgid: view.getUint32(100, true),
    startMicros: Number(view.getBigUint64(120, true)) * 1_000_000 + Number(view.getBigUint64(128, true)),
  };
}

export interface TaskInfo {
  rssBytes: number;
  /** User and system, in units of mach_timebase_info. */
  cpuUnits: bigint;
}

export function parseTaskInfo(bytes: Uint8Array): TaskInfo {
  const view = viewOf(bytes);
  return { rssBytes: Number(view.getBigUint64(8, true)), cpuUnits: view.getBigUint64(16, true) + view.getBigUint64(24, true) };
}

/** The working directory: vip_path of pvi_cdir. Null where there is none to tell. */
export function parseWorkingDirectory(bytes: Uint8Array): string | null {
  const path = readString(bytes.subarray(VNODE_INFO_BYTES, VNODE_INFO_BYTES + MAXPATHLEN));
  return path === '' ? null : path;
}

const VNODE_INFO_BYTES = 152;
const MAXPATHLEN = 1_024;

/** The numbers of the descriptors that are sockets, from an array of struct proc_fdinfo. */
export function parseSocketDescriptors(bytes: Uint8Array): number[] {
  const view = viewOf(bytes);
  const descriptors: number[] = [];
  for (let at = 0; at + sizes.descriptor <= bytes.length; at += sizes.descriptor) {
    if (view.getUint32(at + 4, true) === PROX_FDTYPE_SOCKET) descriptors.push(view.getInt32(at, true));
  }
  return descriptors;
}

const PROX_FDTYPE_SOCKET = 2;

/** A socket of TCP or UDP that is bound. */
export interface DarwinSocket {
  protocol: 'tcp' | 'udp';
  family: Family;
  address: string;
  port: number;
  isConnected: boolean;
  /** TSI_S_…; null for UDP. */
  state: number | null;
}

/** TSI_S_… */
export const tcpStates = { closed: 0, listen: 1 } as const;

/** Reads struct socket_fdinfo; null for a socket that is neither TCP nor UDP, or is not bound. */
export function parseSocket(bytes: Uint8Array): DarwinSocket | null {
  const view = viewOf(bytes);
  const kind = view.getInt32(SOCKET_INFO + 232, true);
  const isUdp = kind === SOCKINFO_IN && view.getInt32(SOCKET_INFO + 156, true) === IPPROTO_UDP;
  if (kind !== SOCKINFO_TCP && !isUdp) return null;
  // An int that holds the 16 bits of a port in network order.
  const port = view.getUint16(PROTO + 4);
  if (port === 0) return null;
  // A socket of both families has both flags, and its address is that of IPv6.
  const isIpv6 = (view.getUint8(PROTO + 24) & INI_IPV6) !== 0;
  const address = withoutScope(fromBytes(bytes.slice(isIpv6 ? PROTO + 48 : PROTO + 60, PROTO + 64)));
  return {
    protocol: isUdp ? 'udp' : 'tcp',
    family: address.family,
    address: address.text,
    port,
    isConnected: view.getUint16(PROTO) !== 0,
    state: isUdp ? null : view.getInt32(PROTO + 80, true),
  };
}

/** struct socket_info stands behind struct proc_fileinfo, and soi_proto 240 bytes into it. */
const SOCKET_INFO = 24;
const PROTO = SOCKET_INFO + 240;
const SOCKINFO_IN = 1;
const SOCKINFO_TCP = 2;
const IPPROTO_UDP = 17;
const INI_IPV6 = 0x2;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
