import { countClosing } from '../closingSockets.ts';
import { findScope, hasIpv6Address, localAddress, localInterfaces } from '../localAddresses.ts';
import { covers, overlaps } from '../parse/coverage.ts';
import { mibTcpState } from '../parse/ipHelperTable.ts';
import type { SocketQuery, Sockets } from '../types.ts';
import { judgeAttempt, openBindAttempt } from './bindAttempt.ts';
import { openOwnerSearch } from './ownerScan.ts';
import { readPortRules } from './portRules.ts';
import type { ProcessList } from './processList.ts';
import { openSocketTable } from './socketTable.ts';
import type { Win32Options } from './tools.ts';

/** The sockets of Windows, from a table that names the owner of each. TCP that is bound and does not listen is in none. */
export function createWin32Sockets(options: Win32Options, list: ProcessList): Sockets {
  const { native } = options;
  const table = openSocketTable(options);
  const owners = openOwnerSearch(options, table, list);
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
    listCandidates: () => owners.listCandidates(),
    scanOwners: (keys, take) => owners.scanOwners(keys, take),
    hearOwners: (protocol, port) => owners.hearOwners(protocol, port),
  };
}

const { timeWait, finWait1, finWait2, closeWait, lastAck, closing, established, synSent, synReceived } = mibTcpState;
const states = { closing: { timeWait, finWait1, finWait2, closeWait, lastAck, closing }, open: [established, synSent, synReceived] };
