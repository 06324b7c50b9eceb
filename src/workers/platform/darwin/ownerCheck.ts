import { loadBindSocket } from '../../../native/darwin/bindSocket.ts';
import type { Libproc } from '../../../native/darwin/libproc.ts';
import type { PosixBindSocket } from '../../../native/posix/bindSocket.ts';
import { SidewardenError } from '../../../protocol/errors.ts';
import { askHeldSockets, readHeldSockets } from './heldSockets.ts';
import { socketKey } from './socketTable.ts';
import type { Tools } from './tools.ts';

/**
 * Whether libproc tells of this process what lsof(8) tells, while it holds a listener and a UDP socket on ports of the system’s choice
 * (127.0.0.1, for the moment that lsof takes). The structures are known from headers alone, so they have to prove themselves.
 */
export async function agreesWithLsof(libproc: Libproc, tools: Tools): Promise<boolean> {
  const sockets = loadBindSocket();
  if (sockets === null) return false;
  const descriptors: number[] = [];
  try {
    const ours = protocols.map((protocol) => hold(protocol, sockets, descriptors));
    const found = readHeldSockets(libproc, process.pid);
    return found !== 'denied' && agree(ours, found, await listByLsof(tools));
  } catch {
    // No socket to be had, or a structure of another size than the header’s.
    return false;
  } finally {
    for (const fd of descriptors) sockets.close(fd);
  }
}

/** Both have found what is ours for certain, and libproc no less than lsof. Where lsof could not look, what is ours has to do. */
export function agree(ours: readonly number[], libproc: ReadonlySet<number>, lsof: ReadonlySet<number> | null): boolean {
  if (!ours.every((key) => libproc.has(key))) return false;
  return lsof === null || (ours.every((key) => lsof.has(key)) && [...lsof].every((key) => libproc.has(key)));
}

const protocols = ['tcp', 'udp'] as const;
const loopback = { family: 'ipv4', address: Uint8Array.of(127, 0, 0, 1), scopeId: 0 } as const;

function hold(protocol: 'tcp' | 'udp', sockets: PosixBindSocket, descriptors: number[]): number {
  const bound = sockets.bind({ ...loopback, protocol, port: 0, reuseAddress: false });
  if ('errno' in bound) throw new Error(bound.errno);
  descriptors.push(bound.fd);
  const problem = protocol === 'tcp' ? sockets.listen(bound.fd, 0) : null;
  const port = sockets.port(bound.fd);
  if (problem !== null || port === null) throw new Error(problem ?? 'no port');
  return socketKey({ protocol, family: 'ipv4', address: '127.0.0.1', port });
}

async function listByLsof(tools: Tools): Promise<Set<number> | null> {
  try {
    const held = await askHeldSockets(tools, ['-a', '-p', String(process.pid)]);
    return new Set(held.map(({ key }) => key));
  } catch (error) {
    if (error instanceof SidewardenError) return null;
    throw error;
  }
}
