import { countClosing } from '../closingSockets.ts';
import { findScope, hasIpv6Address, localAddress, localInterfaces } from '../localAddresses.ts';
import { covers, overlaps } from '../parse/coverage.ts';
import { mibTcpState } from '../parse/ipHelperTable.ts';
import { parseTasklist } from '../parse/tasklist.ts';
import type { HeardOwner, OwnerScan, SocketQuery, SocketRow, Sockets } from '../types.ts';
import { judgeAttempt, openBindAttempt } from './bindAttempt.ts';
import { readPortRules } from './portRules.ts';
import type { ProcessList } from './processList.ts';
import { createSocketTable, type SocketTable } from './socketTable.ts';
import { ask, textOf, type Win32Options } from './tools.ts';

/** The sockets of Windows, from a table that names the owner of each. TCP that is bound and does not listen is in none. */
export function createWin32Sockets(options: Win32Options, list: ProcessList): Sockets {
  const { native } = options;
  const table = createSocketTable(options);
  const { listRows } = table;
  let openedAttempts: ReturnType<typeof openBindAttempt> | undefined;
  const attempts = (): ReturnType<typeof openBindAttempt> => (openedAttempts ??= openBindAttempt({ native }));

  return {
    read: async ({ protocols, port }: SocketQuery) => {
      const rows = (await Promise.all(protocols.map((protocol) => listRows(protocol, port)))).flat();
      // netstat names owners as well, but who those are may have to be left open.
      return native ? rows : rows.map((row) => ({ ...row, pids: null }));
    },
    async lookup(protocol, address, port) {
      const wanted = localAddress(address);
      return (await listRows(protocol, port)).find((row) => covers(row, wanted) === 'yes') ?? null;
    },
    async tryBind(protocol, address, port) {
      const attempt = attempts()[protocol];
      if (attempt === null) return 'cannotTry';
      const wanted = localAddress(address);
      // Windows lets a socket of its own choice bind beside a listener on another address, so the table is asked first.
      if ((await listRows(protocol, port)).some((row) => overlaps(row, wanted))) return 'inUse';
      const target = { protocol, address: wanted, port, scope: findScope(wanted) };
      return judgeAttempt(attempt(target), target, { hasIpv6: hasIpv6Address() });
    },
    readClosing: async (port) => countClosing(await table.listConnections(port), states),
    readRules: readPortRules,
    readLocalAddresses: () => localInterfaces().map(({ address }) => address.text),
    async listCandidates() {
      // Throws where nobody can be told from who has the pid next.
      if (!native) await list.list();
      return [...new Set((await listAll(table)).flatMap(({ pids }) => pids ?? []))];
    },
    scanOwners: (keys, take) => scanOwners(keys, take, table),
    hearOwners: (protocol, port) => hearOwners(protocol, port, table, options),
  };
}

/** From the table, because that names the owners: no process has to be asked. */
async function scanOwners(keys: ReadonlySet<number>, take: () => number | null, table: SocketTable): Promise<OwnerScan> {
  const wanted = new Set<number>();
  for (let pid = take(); pid !== null; pid = take()) wanted.add(pid);
  if (wanted.size === 0) return { owners: [], unreadable: 0 };
  const rows = (await listAll(table)).filter(({ key }) => keys.has(key));
  const owners = rows.flatMap(({ key, pids }) => (pids ?? []).filter((pid) => wanted.has(pid)).map((pid) => ({ key, pid })));
  return { owners, unreadable: 0 };
}

/** netstat and tasklist say who, and neither since when. */
async function hearOwners(
  protocol: SocketRow['protocol'],
  port: number,
  { listRows }: SocketTable,
  { tools }: Win32Options,
): Promise<HeardOwner[]> {
  const pids = new Set((await listRows(protocol, port)).flatMap((row) => row.pids ?? []));
  if (pids.size === 0) return [];
  const end = await ask(tools, 'tasklist', ['/fo', 'csv', '/nh']).catch(() => null);
  const names = parseTasklist(end?.code === 0 ? textOf(end) : '');
  return [...pids].map((pid) => ({ protocol, pid, name: names.get(pid) ?? null }));
}

const listAll = async ({ listRows }: SocketTable): Promise<SocketRow[]> => (await Promise.all([listRows('tcp'), listRows('udp')])).flat();

const { timeWait, finWait1, finWait2, closeWait, lastAck, closing, established, synSent, synReceived } = mibTcpState;
const states = { closing: { timeWait, finWait1, finWait2, closeWait, lastAck, closing }, open: [established, synSent, synReceived] };
