import type { Family, SocketRow } from '../types.ts';
import { isWildcard, parseProcAddress } from './address.ts';
import type { TableSocket } from './tableSocket.ts';

export interface ProcNetFile {
  protocol: SocketRow['protocol'];
  /** Of the file: `tcp6` and `udp6` hold sockets of both families. */
  family: Family;
  byteOrder: 'LE' | 'BE';
  states: readonly number[];
  /** Only this local port; all when absent. */
  port?: number;
}

/**
 * The rows of /proc/net/{tcp,tcp6,udp,udp6}: `sl local remote st tx:rx tr:when retrnsmt uid timeout inode …`, see proc_pid_net(5).
 * The file is read in pieces while the table lives on, so a socket may stand in it twice: it is told once. Sockets that
 * no descriptor leads to (TIME_WAIT) have inode 0 and are all told.
 */
export function parseProcNetSockets(text: string, { protocol, family, byteOrder, states, port }: ProcNetFile): TableSocket[] {
  const sockets: TableSocket[] = [];
  const seen = new Set<number>();
  for (const line of port === undefined ? text.split('\n') : findLines(text, port)) {
    const [, local = '', localPort = '', remotePort = '', stateHex = '', uid = '', inode = ''] = rowPattern.exec(line) ?? [];
    const state = Number.parseInt(stateHex, 16);
    if (!states.includes(state) || (port !== undefined && Number.parseInt(localPort, 16) !== port)) continue;
    const key = Number(inode);
    if (key !== 0 && seen.has(key)) continue;
    seen.add(key);
    const address = parseProcAddress(local, byteOrder);
    sockets.push({
      protocol,
      family: address.family,
      address: address.text,
      port: Number.parseInt(localPort, 16),
      remotePort: Number.parseInt(remotePort, 16),
      state,
      // The file does not print IPV6_V6ONLY.
      dualStack: family === 'ipv6' && address.family === 'ipv6' && isWildcard(address.text) ? null : false,
      key,
      uid: Number(uid),
      isProbe: false,
    });
  }
  return sockets;
}

const rowPattern =
  /^ *\d+: ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]{2}) [0-9A-F]+:[0-9A-F]+ [0-9A-F]+:[0-9A-F]+ [0-9A-F]+ +(\d+) +\d+ (\d+)/;

/** The lines with this port on either side: a busy machine has thousands of others that need not be taken apart. */
function* findLines(text: string, port: number): Generator<string> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')} `;
  for (let at = text.indexOf(wanted); at !== -1; ) {
    const end = text.indexOf('\n', at);
    const stop = end === -1 ? text.length : end;
    yield text.slice(text.lastIndexOf('\n', at) + 1, stop);
    at = text.indexOf(wanted, stop);
  }
}
