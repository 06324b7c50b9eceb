import { SidewardenError } from '../../protocol/errors.ts';
import type { Platform, SocketQuery, SocketRow } from '../platform/types.ts';
import { tellDualStack } from './dualStack.ts';

export interface SocketsSeen {
  rows: SocketRow[];
  /** The pids among which `scanOwners` finds the owners; empty when no row needs them, null when processes cannot be looked at. */
  candidates: number[] | null;
}

/** The sockets that hold a port, and where to look for their owners. */
export async function readSockets(query: SocketQuery, { sockets }: Platform): Promise<SocketsSeen> {
  const rows = query.port === undefined ? await sockets.read(query) : await tellDualStack(await sockets.read(query), sockets);
  return { rows, candidates: await listCandidatesFor(rows, sockets) };
}

/** A row needs a scan when the table does not name its owners and some descriptor may lead to it. */
export async function listCandidatesFor(rows: readonly SocketRow[], sockets: Platform['sockets']): Promise<number[] | null> {
  if (!rows.some(({ pids, key }) => pids === null && key !== 0)) return [];
  try {
    return await sockets.listCandidates();
  } catch (error) {
    if (error instanceof SidewardenError) return null;
    throw error;
  }
}
