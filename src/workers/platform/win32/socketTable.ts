import { loadReadTable, type TableQuestion } from '../../../native/win32/socketTables.ts';
import { type IpHelperRow, mibTcpState, parseIpHelperTable } from '../parse/ipHelperTable.ts';
import type { SocketRow } from '../types.ts';

type Protocol = SocketRow['protocol'];

/** Listeners (TCP) and bound sockets (UDP, connected ones too: the table does not tell), of one port or of all. */
export function listRows(protocol: Protocol, port?: number): SocketRow[] {
  const rows = readAll(protocol, 'listeners').filter((row) => row.state === null || row.state === mibTcpState.listen);
  return rows.filter((row) => row.port !== 0 && (port === undefined || row.port === port)).map((row) => toSocketRow(protocol, row));
}

/** All TCP sockets over this local port. */
export const listConnections = (port: number): IpHelperRow[] => readAll('tcp', 'all').filter((row) => row.port === port);

function readAll(protocol: Protocol, rows: TableQuestion['rows']): IpHelperRow[] {
  const readTable = loadReadTable();
  if (readTable === null) throw new Error('there are no native calls');
  return families.flatMap((family) => {
    const bytes = readTable({ protocol, family, rows });
    return bytes === null ? [] : parseIpHelperTable(bytes, protocol, family);
  });
}

const families = ['ipv4', 'ipv6'] as const;

function toSocketRow(protocol: Protocol, { family, address, port, pid }: IpHelperRow): SocketRow {
  return {
    protocol,
    family,
    address,
    port,
    state: protocol === 'tcp' ? 'listen' : 'bound',
    // A socket of both families has a row in either table, so each row stands for its own family alone.
    dualStack: false,
    key: keyOf(protocol, family, port, pid),
    uid: null,
    // 0 is nobody’s: the system has no owner to name.
    pids: pid === 0 ? [] : [pid],
  };
}

/** Windows gives sockets no number of their own: what can be told apart is who holds which port, and that is what keys are for. */
function keyOf(protocol: Protocol, family: SocketRow['family'], port: number, pid: number): number {
  return ((pid * 65_536 + port) * 2 + (protocol === 'udp' ? 1 : 0)) * 2 + (family === 'ipv6' ? 1 : 0);
}
