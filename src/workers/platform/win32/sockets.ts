import { networkInterfaces } from 'node:os';
import { fail } from '../../../protocol/errors.ts';
import { type Address, isLinkLocal, parseAddress } from '../parse/address.ts';
import { covers, overlaps } from '../parse/coverage.ts';
import { type IpHelperRow, mibTcpState } from '../parse/ipHelperTable.ts';
import type { ClosingSockets, OwnerScan, SocketQuery, Sockets } from '../types.ts';
import { attemptBind } from './bindAttempt.ts';
import { readPortRules } from './portRules.ts';
import { createSocketTable, type SocketTable, type SocketTableOptions } from './socketTable.ts';

/** The sockets of Windows, from a table that names the owner of each. TCP that is bound and does not listen is in none. */
export function createWin32Sockets({ native, ...options }: SocketTableOptions): Sockets {
  const table = createSocketTable({ native, ...options });
  const { listRows } = table;
  return {
    read: ({ protocols, port }: SocketQuery) => protocols.flatMap((protocol) => listRows(protocol, port)),
    lookup: (protocol, address, port) => {
      const wanted = localAddress(address);
      return listRows(protocol, port).find((row) => covers(row, wanted) === 'yes') ?? null;
    },
    tryBind(protocol, address, port) {
      if (!native) return 'cannotTry';
      const wanted = localAddress(address);
      // Windows lets a socket of its own choice bind beside a listener on another address, so the table is asked first.
      if (listRows(protocol, port).some((row) => overlaps(row, wanted))) return 'inUse';
      return attemptBind({ protocol, address: wanted, port, scopeId: findScope(wanted) }, { hasIpv6: hasIpv6() });
    },
    readClosing: (port) => countClosing(table.listConnections(port)),
    readRules: readPortRules,
    readLocalAddresses: () => localInterfaces().map(({ address }) => address.text),
    listCandidates() {
      if (!native) throw withoutNative();
      return [...new Set([...listRows('tcp'), ...listRows('udp')].flatMap(({ pids }) => pids ?? []))];
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
function scanOwners(keys: ReadonlySet<number>, take: () => number | null, { listRows }: SocketTable): OwnerScan {
  const wanted = new Set<number>();
  for (let pid = take(); pid !== null; pid = take()) wanted.add(pid);
  if (wanted.size === 0) return { owners: [], unreadable: 0 };
  const rows = [...listRows('tcp'), ...listRows('udp')].filter(({ key }) => keys.has(key));
  const owners = rows.flatMap(({ key, pids }) => (pids ?? []).filter((pid) => wanted.has(pid)).map((pid) => ({ key, pid })));
  return { owners, unreadable: 0 };
}

function countClosing(rows: IpHelperRow[]): ClosingSockets {
  const count = (state: number): number => rows.filter((row) => row.state === state).length;
  return {
    counts: Object.fromEntries(Object.entries(closingStates).map(([name, state]) => [name, count(state)])),
    connections: openStates.reduce((sum, state) => sum + count(state), 0),
  };
}

const { timeWait, finWait1, finWait2, closeWait, lastAck, closing, established, synSent, synReceived } = mibTcpState;
const closingStates = { timeWait, finWait1, finWait2, closeWait, lastAck, closing };
const openStates: number[] = [established, synSent, synReceived];

/** An address that a caller has checked already. */
function localAddress(text: string): Address {
  const address = parseAddress(text);
  if (address === null) throw new Error(`${JSON.stringify(text)} is not an address.`);
  return address;
}

function findScope(address: Address): number {
  if (!isLinkLocal(address)) return 0;
  const candidates = localInterfaces().filter((local) => local.address.text === address.text && local.scopeId !== 0);
  const { zone } = address;
  return candidates.find(({ name, scopeId }) => zone === null || zone === name || zone === String(scopeId))?.scopeId ?? 0;
}

const hasIpv6 = (): boolean => localInterfaces().some(({ address }) => address.family === 'ipv6');

function localInterfaces(): { name: string; address: Address; scopeId: number }[] {
  return Object.entries(networkInterfaces()).flatMap(([name, entries = []]) =>
    entries.map((entry) => ({ name, address: localAddress(entry.address), scopeId: entry.family === 'IPv6' ? entry.scopeid : 0 })),
  );
}
