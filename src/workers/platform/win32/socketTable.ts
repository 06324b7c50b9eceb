import { loadReadTable, type ReadTable, type TableQuestion } from '../../../native/win32/socketTables.ts';
import { fail } from '../../../protocol/errors.ts';
import { complaint } from '../../exec.ts';
import { type IpHelperRow, mibTcpState, parseIpHelperTable } from '../parse/ipHelperTable.ts';
import { parseNetstat } from '../parse/netstat.ts';
import type { SocketRow } from '../types.ts';
import { aboutTool, ask, type Tools, textOf, type Win32Options } from './tools.ts';

type Protocol = SocketRow['protocol'];

export interface SocketTable {
  /** Listeners (TCP) and bound sockets (UDP, connected ones too: the table does not tell), of one port or of all. */
  listRows(protocol: Protocol, port?: number): Promise<SocketRow[]>;
  /** All TCP sockets over this local port. */
  listConnections(port: number): Promise<IpHelperRow[]>;
}

/** From the IP Helper; without native calls from netstat. */
export function openSocketTable({ native, tools }: Win32Options): SocketTable {
  const readTable = native ? loadReadTable() : null;
  const readAll = async (protocol: Protocol, rows: TableQuestion['rows']) =>
    readTable === null ? readNetstat(await runNetstat(tools), protocol) : readTables(readTable, protocol, rows);
  return {
    listRows: async (protocol, port) =>
      (await readAll(protocol, 'listeners'))
        .filter((row) => row.state === null || row.state === mibTcpState.listen)
        .filter((row) => row.port !== 0 && (port === undefined || row.port === port))
        .map((row) => toSocketRow(protocol, row)),
    listConnections: async (port) => (await readAll('tcp', 'all')).filter((row) => row.port === port),
  };
}

function readTables(readTable: ReadTable, protocol: Protocol, rows: TableQuestion['rows']): IpHelperRow[] {
  return families.flatMap((family) => {
    const bytes = readTable({ protocol, family, rows });
    return bytes === null ? [] : parseIpHelperTable(bytes, protocol, family);
  });
}

const families = ['ipv4', 'ipv6'] as const;

async function runNetstat(tools: Tools): Promise<string> {
  const end = await ask(tools, 'netstat', ['-ano']);
  if (end.code === 0) return textOf(end);
  throw fail('Unsupported', `Sockets cannot be looked at: ${complaint(tools.netstat, end)}.`, aboutTool('netstat'));
}

function readNetstat(text: string, protocol: Protocol): IpHelperRow[] {
  const rows = parseNetstat(text);
  // On every Windows somebody listens; an empty table is one that was not understood.
  if (!rows.some(({ state }) => state === mibTcpState.listen)) {
    throw fail(
      'Unsupported',
      'Without native calls sidewarden asks netstat, and what that prints here is no table of sockets; install koffi.',
      {
        capability: 'sockets',
        platform: 'win32',
      },
    );
  }
  return rows.filter((row) => row.protocol === protocol);
}

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
