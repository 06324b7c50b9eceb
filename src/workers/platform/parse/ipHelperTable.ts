import type { Family } from '../types.ts';
import { fromBytes } from './address.ts';

/** A row of GetExtendedTcpTable or GetExtendedUdpTable. */
export interface IpHelperRow {
  family: Family;
  address: string;
  port: number;
  /** MIB_TCP_STATE; null for UDP. */
  state: number | null;
  pid: number;
}

/** MIB_TCP_STATE (tcpmib.h). */
export const mibTcpState = {
  listen: 2,
  synSent: 3,
  synReceived: 4,
  established: 5,
  finWait1: 6,
  finWait2: 7,
  closeWait: 8,
  closing: 9,
  lastAck: 10,
  timeWait: 11,
} as const;

/** Reads such a table with pids: a count, then rows (tcpmib.h, udpmib.h). Ports stand in network order in the low half of 32 bits. */
export function parseIpHelperTable(bytes: Uint8Array, protocol: 'tcp' | 'udp', family: Family): IpHelperRow[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { size, address, addressBytes, port, state, pid } = layouts[protocol][family];
  const rows: IpHelperRow[] = [];
  const count = view.getUint32(0, true);
  for (let row = 0, at = 4; row < count && at + size <= bytes.length; row++, at += size) {
    // A mapped address in the table of IPv6 is one of IPv4.
    const { family: of, text } = fromBytes(bytes.slice(at + address, at + address + addressBytes));
    rows.push({
      family: of,
      address: text,
      port: view.getUint16(at + port),
      state: state === null ? null : view.getUint32(at + state, true),
      pid: view.getUint32(at + pid, true),
    });
  }
  return rows;
}

interface Layout {
  size: number;
  address: number;
  addressBytes: number;
  port: number;
  state: number | null;
  pid: number;
}

/** MIB_TCPROW_OWNER_PID, MIB_TCP6ROW_OWNER_PID, MIB_UDPROW_OWNER_PID, MIB_UDP6ROW_OWNER_PID. */
const layouts: Record<'tcp' | 'udp', Record<Family, Layout>> = {
  tcp: {
    ipv4: { size: 24, address: 4, addressBytes: 4, port: 8, state: 0, pid: 20 },
    ipv6: { size: 56, address: 0, addressBytes: 16, port: 20, state: 48, pid: 52 },
  },
  udp: {
    ipv4: { size: 12, address: 0, addressBytes: 4, port: 4, state: null, pid: 8 },
    ipv6: { size: 28, address: 0, addressBytes: 16, port: 20, state: null, pid: 24 },
  },
};
