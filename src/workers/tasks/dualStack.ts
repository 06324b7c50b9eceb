import type { SocketRow, Sockets } from '../platform/types.ts';

/**
 * Completes the rows of one port where the table does not tell whether an IPv6 wildcard takes IPv4 (/proc/net): then the IPv4
 * wildcard cannot be bound beside it. What a privilege or another socket keeps us from trying stays null.
 */
export async function tellDualStack(rows: SocketRow[], sockets: Sockets): Promise<SocketRow[]> {
  const told: SocketRow[] = [];
  for (const row of rows) told.push(row.dualStack === null ? { ...row, dualStack: await takesIpv4(row, rows, sockets) } : row);
  return told;
}

async function takesIpv4({ protocol, port }: SocketRow, rows: SocketRow[], sockets: Sockets): Promise<boolean | null> {
  // The two could not be there together otherwise, unless all of them share the port by SO_REUSEPORT.
  if (rows.some((row) => row.family === 'ipv4' && row.protocol === protocol && row.port === port)) return false;
  const answer = await sockets.tryBind(protocol, '0.0.0.0', port);
  return answer === 'inUse' ? true : answer === 'bound' ? false : null;
}
