import { SidewardenError } from '../../protocol/errors.ts';
import type { Platform } from '../platform/types.ts';

/** The TCP ports that these processes listen on. Nobody’s where we cannot look: that keeps no kill from going on. */
export async function listHeldPorts(pids: readonly number[], { sockets }: Platform): Promise<Map<number, number[]>> {
  const held = new Map<number, number[]>();
  const left = [...pids];
  try {
    // The few descriptors first: most processes have no socket, or only such as Node makes for its children’s output, and then the table need not be read.
    const { owners } = await sockets.scanOwners(anySocket, () => left.shift() ?? null, { exceptUnix: true });
    const rows = owners.length === 0 ? [] : await sockets.read({ protocols: ['tcp'] });
    const portOf = new Map(rows.map(({ key, port }) => [key, port]));
    for (const { key, pid } of owners) {
      const port = portOf.get(key);
      if (port !== undefined) held.set(pid, [...new Set([...(held.get(pid) ?? []), port])]);
    }
  } catch (error) {
    if (!(error instanceof SidewardenError)) throw error;
  }
  return held;
}

const anySocket: ReadonlySet<number> = Object.assign(new Set<number>(), { has: () => true });
