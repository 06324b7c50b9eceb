import { fail } from '../../../protocol/errors.ts';
import { complaint } from '../../exec.ts';
import { isWildcard } from '../parse/address.ts';
import { type NetstatSocket, parseNetstatSockets } from '../parse/netstatSockets.ts';
import type { Family, SocketRow } from '../types.ts';
import { aboutTool, ask, type Tools } from './tools.ts';

type Protocol = SocketRow['protocol'];

/**
 * The sockets of all users, which netstat(1) shows to everybody; whose they are it does not tell. Throws when it cannot be asked. Sockets
 * that share a place (SO_REUSEPORT) are told once, because nothing tells them apart.
 */
export interface SocketTable {
  listRows(protocol: Protocol, query: { port?: number; withBoundTcp?: boolean }): Promise<SocketRow[]>;
  /** In every state, connections among them. */
  listSockets(protocol: Protocol): Promise<NetstatSocket[]>;
}

export function openSocketTable(tools: Tools): SocketTable {
  return { listRows, listSockets };

  async function listRows(protocol: Protocol, { port, withBoundTcp = false }: { port?: number; withBoundTcp?: boolean }) {
    const rows = new Map<number, SocketRow>();
    for (const socket of await listSockets(protocol)) {
      const row = toSocketRow(socket, withBoundTcp);
      if (row !== null && (port === undefined || row.port === port) && !rows.has(row.key)) rows.set(row.key, row);
    }
    return [...rows.values()];
  }

  async function listSockets(protocol: Protocol): Promise<NetstatSocket[]> {
    const end = await ask(tools, 'netstat', ['-anlW', '-p', protocol]);
    if (end.code !== 0) throw fail('Unsupported', `Sockets cannot be looked at: ${complaint(tools.netstat, end)}.`, aboutTool('netstat'));
    return parseNetstatSockets(new TextDecoder().decode(end.stdout)).filter((socket) => socket.protocol === protocol);
  }
}

/** A TCP listener, TCP that is bound and idle, or UDP that is not tied to one peer. */
function toSocketRow({ protocol, family, address, port, dualStack, isConnected, state }: NetstatSocket, withBoundTcp: boolean) {
  const isBoundTcp = withBoundTcp && state === 'CLOSED' && !isConnected;
  const isHolder = protocol === 'udp' ? !isConnected : state === 'LISTEN' || isBoundTcp;
  if (!isHolder) return null;
  return {
    protocol,
    family,
    address,
    port,
    state: state === 'LISTEN' ? 'listen' : 'bound',
    dualStack: dualStack && isWildcard(address),
    key: socketKey({ protocol, family, address, port }),
    uid: null,
    pids: null,
  } satisfies SocketRow;
}

/** The kernel gives sockets no number that all sources know: what can be told apart is the place, and that is what keys are for. */
export function socketKey({
  protocol,
  family,
  address,
  port,
}: {
  protocol: Protocol;
  family: Family;
  address: string;
  port: number;
}): number {
  let hash = 0x811c_9dc5;
  for (const letter of address) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x0100_0193) >>> 0;
  return ((hash * 65_536 + port) * 2 + (protocol === 'udp' ? 1 : 0)) * 2 + (family === 'ipv6' ? 1 : 0);
}
