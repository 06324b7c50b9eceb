import { countClosing } from '../closingSockets.ts';
import { findScope, hasIpv6Address, localAddress, localInterfaces } from '../localAddresses.ts';
import { covers, overlaps } from '../parse/coverage.ts';
import { judgeBind } from '../posix/judgeBind.ts';
import type { BindAnswer, SocketQuery, SocketRow, Sockets } from '../types.ts';
import { type BindAttempts, type BindTarget, openBindAttempt } from './bindAttempt.ts';
import { openOwnerSearch } from './ownerScan.ts';
import { readPortRules } from './portRules.ts';
import { openSocketTable, type SocketTable } from './socketTable.ts';
import type { DarwinOptions } from './tools.ts';

/** The sockets of macOS: netstat(1) shows those of all users, libproc or lsof(8) tell whose they are, as far as this user may see. */
export function createDarwinSockets(options: DarwinOptions): Sockets {
  const { tools } = options;
  const table = openSocketTable(tools);
  const owners = openOwnerSearch(options);
  let opened: BindAttempts | undefined;
  const attempts = (): BindAttempts => (opened ??= openBindAttempt(options));

  return {
    read: (query) => readRows(table, query),
    async lookup(protocol, address, port) {
      const wanted = localAddress(address);
      const rows = await table.listRows(protocol, { port });
      return rows.find((row) => covers(row, wanted) === 'yes') ?? null;
    },
    tryBind: (protocol, address, port) => tryBind({ protocol, address: localAddress(address), port }, attempts(), table),
    readClosing: async (port) =>
      countClosing(
        (await table.listSockets('tcp')).filter((socket) => socket.port === port),
        states,
      ),
    readRules: () => readPortRules(tools),
    readLocalAddresses: () => localInterfaces().map(({ address }) => address.text),
    listCandidates: () => owners.listCandidates(),
    scanOwners: (keys, take) => owners.scanOwners(keys, take),
  };
}

async function readRows(table: SocketTable, { protocols, ...query }: SocketQuery): Promise<SocketRow[]> {
  return (await Promise.all(protocols.map((protocol) => table.listRows(protocol, query)))).flat();
}

/**
 * macOS lets a server bind beside a listener on another address. Alone it is not let in where anybody has the port, so when that
 * succeeds nobody has; only else the table is read.
 */
async function tryBind(endpoint: Omit<BindTarget, 'scope'>, { alone, asServer }: BindAttempts, table: SocketTable): Promise<BindAnswer> {
  const target: BindTarget = { ...endpoint, scope: findScope(endpoint.address) };
  const first = alone === null ? 'inUse' : judgeBind(alone(target), endpoint, circumstances);
  if (first !== 'inUse') return first;
  // UDP that was refused by nobody who is still there: by another look of that moment, or by one who has just left.
  const attempt = endpoint.protocol === 'tcp' ? asServer : alone;
  if (attempt === null) return 'cannotTry';
  const answer = judgeBind(attempt(target), endpoint, circumstances);
  return answer === 'bound' && endpoint.protocol === 'tcp' && (await isHeld(endpoint, table)) ? 'inUse' : answer;
}

/** Whether anybody has the TCP port on an address that overlaps. */
async function isHeld({ address, port }: Omit<BindTarget, 'scope'>, table: SocketTable): Promise<boolean> {
  return (await table.listRows('tcp', { port, withBoundTcp: true })).some((row) => overlaps(row, address));
}

const circumstances = { linkErrnos: ['EINVAL', 'ENXIO'], hasIpv6: hasIpv6Address };

/** tcp_fsm.h of xnu, as netstat(1) writes them. */
const states = {
  closing: {
    timeWait: 'TIME_WAIT',
    finWait1: 'FIN_WAIT_1',
    finWait2: 'FIN_WAIT_2',
    closeWait: 'CLOSE_WAIT',
    lastAck: 'LAST_ACK',
    closing: 'CLOSING',
  },
  open: ['ESTABLISHED', 'SYN_SENT', 'SYN_RCVD'],
};
