import { fail } from '../../../protocol/errors.ts';
import { countClosing } from '../closingSockets.ts';
import { findScope, hasIpv6Address, localAddress, localInterfaces } from '../localAddresses.ts';
import { covers, overlaps } from '../parse/coverage.ts';
import { mibTcpState } from '../parse/ipHelperTable.ts';
import type { OwnerScan, SocketQuery, SocketRow, Sockets } from '../types.ts';
import { attemptBind } from './bindAttempt.ts';
import { readPortRules } from './portRules.ts';
import { createSocketTable, type SocketTable, type SocketTableOptions } from './socketTable.ts';

/** The sockets of Windows, from a table that names the owner of each. TCP that is bound and does not listen is in none. */
export function createWin32Sockets({ native, ...options }: SocketTableOptions): Sockets {
  const table = createSocketTable({ native, ...options });
  const { listRows } = table;
  return {
    read: async ({ protocols, port }: SocketQuery) => (await Promise.all(protocols.map((protocol) => listRows(protocol, port)))).flat(),
    async lookup(protocol, address, port) {
      const wanted = localAddress(address);
      return (await listRows(protocol, port)).find((row) => covers(row, wanted) === 'yes') ?? null;
    },
    async tryBind(protocol, address, port) {
      if (!native) return 'cannotTry';
      const wanted = localAddress(address);
      // Windows lets a socket of its own choice bind beside a listener on another address, so the table is asked first.
      if ((await listRows(protocol, port)).some((row) => overlaps(row, wanted))) return 'inUse';
      return attemptBind({ protocol, address: wanted, port, scopeId: findScope(wanted)?.id ?? 0 }, { hasIpv6: hasIpv6Address() });
    },
    readClosing: async (port) => countClosing(await table.listConnections(port), states),
    readRules: readPortRules,
    readLocalAddresses: () => localInterfaces().map(({ address }) => address.text),
    async listCandidates() {
      if (!native) throw withoutNative();
      return [...new Set((await listAll(table)).flatMap(({ pids }) => pids ?? []))];
    },
    scanOwners: (keys, take) => scanOwners(keys, take, table),
  };
}

function withoutNative() {
  return fail('Unsupported', 'Who holds a port needs native calls on Windows, which this sidecar has none of here; install koffi.', {
    capability: 'processes',
    platform: 'win32',
  });
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

const listAll = async ({ listRows }: SocketTable): Promise<SocketRow[]> => (await Promise.all([listRows('tcp'), listRows('udp')])).flat();

const { timeWait, finWait1, finWait2, closeWait, lastAck, closing, established, synSent, synReceived } = mibTcpState;
const states = { closing: { timeWait, finWait1, finWait2, closeWait, lastAck, closing }, open: [established, synSent, synReceived] };
