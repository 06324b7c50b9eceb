import type { Libproc } from '../../../native/darwin/libproc.ts';
import { fail } from '../../../protocol/errors.ts';
import { parseSocket, parseSocketDescriptors, sizes, tcpStates } from '../parse/libproc.ts';
import { lsofFields, parseLsofFields, whyLsofFailed } from '../parse/lsofFields.ts';
import { socketKey } from './socketTable.ts';
import { aboutTool, ask, type Tools } from './tools.ts';

/** The places that a process holds, by libproc. Connections have the port of their listener, and do not count. */
export function readHeldSockets(libproc: Libproc, pid: number): Set<number> | 'denied' {
  const descriptors = libproc.descriptors(pid);
  if (descriptors === 'denied') return 'denied';
  const keys = new Set<number>();
  for (const fd of descriptors === null ? [] : parseSocketDescriptors(descriptors)) {
    const bytes = libproc.socket(pid, fd, sizes.socket);
    const socket = bytes === null ? null : parseSocket(bytes);
    if (socket === null || socket.isConnected) continue;
    const isHolder = socket.protocol === 'udp' || socket.state === tcpStates.listen || socket.state === tcpStates.closed;
    if (isHolder) keys.add(socketKey(socket));
  }
  return keys;
}

/**
 * The same of all processes, or of those that `args` name, by lsof(8). Throws when it cannot look. It is not told to leave connections
 * out: `-s TCP:LISTEN` loses all UDP with them (seen with lsof 4.95), and a second run costs more than reading past them.
 */
export async function askHeldSockets(tools: Tools, args: readonly string[] = []): Promise<{ pid: number; key: number }[]> {
  const end = await ask(tools, 'lsof', ['-nP', '-i', ...args, '-F', lsofFields]);
  const why = whyLsofFailed(end);
  if (why !== null) throw fail('Unsupported', `Who holds a port cannot be found out: ${tools.lsof} says “${why}”.`, aboutTool('lsof'));
  return parseLsofFields(new TextDecoder().decode(end.stdout)).map(({ pid, ...place }) => ({ pid, key: socketKey(place) }));
}
