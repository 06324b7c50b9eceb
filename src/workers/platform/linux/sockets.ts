import { readFileSync } from 'node:fs';
import { countClosing } from '../closingSockets.ts';
import { findScope, localAddress, localInterfaces } from '../localAddresses.ts';
import { type Address, isLoopback } from '../parse/address.ts';
import { covers, overlaps } from '../parse/coverage.ts';
import { type TableSocket, tcpState, toSocketRow } from '../parse/tableSocket.ts';
import { judgeBind } from '../posix/judgeBind.ts';
import type { BindAnswer, SocketQuery, SocketRow, Sockets } from '../types.ts';
import { type BindAttempt, type BindTarget, openBindAttempt } from './bindAttempt.ts';
import { openOwnerSearch } from './ownerScan.ts';
import { readPortRules } from './portRules.ts';
import { openSocketTable, type SocketTable } from './socketTable.ts';

/** The sockets of this network namespace. Nothing is opened, and koffi not loaded, before the first question. */
export function createLinuxSockets({ native }: { native: boolean }): Sockets & { readonly source: 'kernel' | 'procfs' } {
  const owners = openOwnerSearch({ native });
  let openedTable: SocketTable | undefined;
  const table = (): SocketTable => (openedTable ??= openSocketTable({ native }));
  let openedAttempts: ReturnType<typeof openBindAttempt> | undefined;
  const attempts = (): ReturnType<typeof openBindAttempt> => (openedAttempts ??= openBindAttempt({ native }));

  return {
    get source() {
      return table().source;
    },
    read: (query) => readRows(table(), query),
    lookup: (protocol, address, port) => lookUp(table(), { protocol, address: localAddress(address), port }),
    tryBind: (protocol, address, port) => {
      const attempt = attempts()[protocol];
      return attempt === null ? 'cannotTry' : tryBind(table, attempt, { protocol, address: localAddress(address), port });
    },
    // Without native calls it is a handle of Node’s, which is closed later.
    ...(native && { isSurelyFree: (address: string, port: number) => isSurelyFree(attempts().tcp, localAddress(address), port) }),
    readClosing: (port) => countClosing(listClosing(table(), port), states),
    readRules: readPortRules,
    readLocalAddresses: () => localInterfaces().map(({ address }) => address.text),
    listCandidates: () => owners.listCandidates(),
    scanOwners: (keys, take, options) => owners.scanOwners(keys, take, options),
  };
}

interface Endpoint {
  protocol: SocketRow['protocol'];
  address: Address;
  port: number;
}

function readRows(table: SocketTable, { protocols, port, withBoundTcp }: SocketQuery): SocketRow[] {
  const tcpStates = withBoundTcp ? [tcpState.listen, tcpState.boundInactive] : [tcpState.listen];
  return protocols
    .flatMap((protocol) =>
      table.list({ protocol, states: protocol === 'tcp' ? tcpStates : [tcpState.close], ...(port === undefined ? {} : { port }) }),
    )
    .map(toSocketRow)
    .filter((row) => row !== null);
}

function lookUp(table: SocketTable, { protocol, address, port }: Endpoint): SocketRow | null {
  const found = table.find(protocol, address, port);
  const row = found ? toSocketRow(found) : null;
  if (row !== null) return row;
  // Nothing comes to a loopback address but through `lo`, so null is final; others may have a listener tied to a device,
  // and what was found may be a passing probe in front of the holder.
  if (found === null && isLoopback(address.text)) return null;
  const rows = readRows(table, { protocols: [protocol], port });
  return (
    rows.find((candidate) => covers(candidate, address) === 'yes') ??
    rows.find((candidate) => covers(candidate, address) === 'maybe') ??
    null
  );
}

/**
 * A UDP bind without SO_REUSEADDR is refused by every other socket, a sibling’s attempt of the same moment included. So a refusal
 * counts only if someone is to blame for it who is still there after another try.
 */
async function tryBind(table: () => SocketTable, attempt: BindAttempt, endpoint: Endpoint): Promise<BindAnswer> {
  const target: BindTarget = { ...endpoint, scope: findScope(endpoint.address) };
  let blamed: TableSocket[] = [];
  for (let tries = 0; tries < 8; tries++) {
    const answer = judgeBind(await attempt(target), endpoint, circumstances);
    if (answer !== 'inUse' || endpoint.protocol === 'tcp') return answer;
    const holders = listUdpHolders(table(), endpoint);
    if (holders.length === 0) return 'bound';
    if (holders.some((holder) => blamed.some(({ key }) => key === holder.key))) return 'inUse';
    blamed = holders;
  }
  return 'inUse';
}

/** Of a refusal somebody else finds out the reason. */
function isSurelyFree(attempt: BindAttempt | null, address: Address, port: number): boolean {
  return attempt?.({ protocol: 'tcp', address, port, scope: findScope(address) }) === null;
}

function listUdpHolders(table: SocketTable, { address, port }: Endpoint): TableSocket[] {
  const sockets = table.list({ protocol: 'udp', states: [tcpState.close, tcpState.established], port });
  return sockets.filter((socket) => !socket.isProbe && overlaps(socket, address));
}

const circumstances = { linkErrnos: ['EINVAL', 'ENODEV'], hasIpv6 };

/** With disable_ipv6 (most containers) the family is there and has no address, not even ::1. */
function hasIpv6(): boolean {
  try {
    return readFileSync('/proc/net/if_inet6', 'latin1') !== '';
  } catch {
    return false;
  }
}

function listClosing(table: SocketTable, port: number): TableSocket[] {
  return table.list({ protocol: 'tcp', states: [...Object.values(states.closing), ...states.open], port });
}

const { timeWait, finWait1, finWait2, closeWait, lastAck, closing, established, synSent, synReceived } = tcpState;
const states = { closing: { timeWait, finWait1, finWait2, closeWait, lastAck, closing }, open: [established, synSent, synReceived] };
