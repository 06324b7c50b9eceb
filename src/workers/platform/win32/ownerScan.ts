import { parseTasklist } from '../parse/tasklist.ts';
import type { HeardOwner, OwnerScan, SocketRow } from '../types.ts';
import type { ProcessList } from './processList.ts';
import type { SocketTable } from './socketTable.ts';
import { ask, textOf, type Win32Options } from './tools.ts';

/** Who holds which sockets: from the table, because that names the owners, so that no process has to be asked. */
export interface OwnerSearch {
  /** Throws Unsupported where processes cannot be looked at. */
  listCandidates(): Promise<number[]>;
  scanOwners(keys: ReadonlySet<number>, take: () => number | null): Promise<OwnerScan>;
  /** netstat and tasklist say who, and neither since when. */
  hearOwners(protocol: SocketRow['protocol'], port: number): Promise<HeardOwner[]>;
}

export function openOwnerSearch({ native, tools }: Win32Options, { listRows }: SocketTable, list: ProcessList): OwnerSearch {
  return {
    async listCandidates() {
      // Throws where nobody can be told from who has the pid next.
      if (!native) await list.list();
      return [...new Set((await listAll()).flatMap(({ pids }) => pids ?? []))];
    },

    async scanOwners(keys, take) {
      const wanted = new Set<number>();
      for (let pid = take(); pid !== null; pid = take()) wanted.add(pid);
      if (wanted.size === 0) return { owners: [], unreadable: 0 };
      const rows = (await listAll()).filter(({ key }) => keys.has(key));
      const owners = rows.flatMap(({ key, pids }) => (pids ?? []).filter((pid) => wanted.has(pid)).map((pid) => ({ key, pid })));
      return { owners, unreadable: 0 };
    },

    async hearOwners(protocol, port) {
      const pids = new Set((await listRows(protocol, port)).flatMap((row) => row.pids ?? []));
      if (pids.size === 0) return [];
      const end = await ask(tools, 'tasklist', ['/fo', 'csv', '/nh']).catch(() => null);
      const names = parseTasklist(end?.code === 0 ? textOf(end) : '');
      return [...pids].map((pid) => ({ protocol, pid, name: names.get(pid) ?? null }));
    },
  };

  async function listAll(): Promise<SocketRow[]> {
    return (await Promise.all([listRows('tcp'), listRows('udp')])).flat();
  }
}
