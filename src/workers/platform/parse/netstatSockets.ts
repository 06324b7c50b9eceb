import type { Family, SocketRow } from '../types.ts';
import { readLocalAddress } from './darwinAddress.ts';

/** A line of `netstat -an` on macOS. */
export interface NetstatSocket {
  protocol: SocketRow['protocol'];
  family: Family;
  address: string;
  port: number;
  /** An IPv6 socket that takes IPv4 too (`tcp46`). */
  dualStack: boolean;
  /** Tied to one peer. */
  isConnected: boolean;
  /** `LISTEN`, `TIME_WAIT` …: tcp_fsm.h of xnu. Null for UDP. */
  state: string | null;
}

/**
 * Reads what `netstat -anlW -p tcp` (or udp) of macOS prints: `tcp46 0 0 *.8080 *.* LISTEN`, the port behind the last dot. The
 * columns behind the state differ from version to version and are not read; headings do not begin with tcp or udp. A socket that
 * is not bound has `*` for a port and is left out.
 */
export function parseNetstatSockets(text: string): NetstatSocket[] {
  const sockets: NetstatSocket[] = [];
  for (const line of text.split('\n')) {
    const [, protocol, version, local = '', foreign = '', state] = ROW.exec(line) ?? [];
    if (protocol === undefined) continue;
    const dot = local.lastIndexOf('.');
    const port = Number(local.slice(dot + 1));
    const address = readLocalAddress(local.slice(0, dot), version === '4' ? 'ipv4' : 'ipv6');
    if (!Number.isInteger(port) || port === 0 || address === null) continue;
    sockets.push({
      protocol: protocol as SocketRow['protocol'],
      family: address.family,
      address: address.text,
      port,
      dualStack: version === '46' && address.family === 'ipv6',
      isConnected: foreign !== '*.*',
      state: protocol === 'tcp' ? (state ?? null) : null,
    });
  }
  return sockets;
}

const ROW = /^(tcp|udp)(4|6|46)\s+\d+\s+\d+\s+(\S+\.(?:\d+|\*))\s+(\S+\.(?:\d+|\*))(?:\s+([A-Z][A-Z_0-9]+))?(?:\s|$)/;
