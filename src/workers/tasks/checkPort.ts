import { fail } from '../../protocol/errors.ts';
import { type Address, isLoopback, isWildcard, parseAddress } from '../platform/parse/address.ts';
import { overlaps } from '../platform/parse/coverage.ts';
import { findReserved, type PortRange } from '../platform/parse/portRanges.ts';
import type { BindAnswer, Platform, PortRules, SocketRow, Sockets } from '../platform/types.ts';

export interface PortQuestion {
  protocol: SocketRow['protocol'];
  port: number;
  /** Local addresses, as literals; null for all of them. */
  hosts: string[] | null;
  /** `never` leaves canBind to the rules: for looks that are repeated. */
  bind?: 'try' | 'never';
}

export interface PortVerdict {
  /** A listener (UDP: a bound, unconnected socket) serves one of the hosts. */
  inUse: boolean;
  /** A server could bind every one of them whose address family this machine has. */
  canBind: boolean;
  reason: 'inUse' | 'boundNotListening' | 'accessDenied' | 'reservedByOs' | 'addressUnavailable' | null;
  /** With `reservedByOs`: the range. */
  reserved?: PortRange;
}

/** Is the port in use, and could it be bound? Never listens and never connects. */
export async function checkPort({ protocol, port, hosts, bind = 'try' }: PortQuestion, { sockets }: Platform): Promise<PortVerdict> {
  const look = bind === 'try' ? lookByBind : lookByRules;
  const looks: Look[] = [];
  for (const host of hosts ?? ['0.0.0.0', '::']) looks.push(await look(sockets, { protocol, port, host, address: readHost(host) }));
  const inUse = looks.some(({ holder }) => holder !== null);
  const present = looks.filter(({ answer }) => answer !== 'noFamily');
  const obstacle = present.find(({ answer }) => answer !== 'bound')?.answer;
  if (present.length > 0 && obstacle === undefined) return { inUse, canBind: true, reason: null };
  const reason = inUse ? 'inUse' : toReason(obstacle);
  const range = reason === 'reservedByOs' ? findReserved((await sockets.readRules()).reserved, protocol, port) : undefined;
  return { inUse, canBind: false, reason, ...(range && { reserved: { from: range.from, to: range.to } }) };
}

interface Endpoint {
  protocol: SocketRow['protocol'];
  port: number;
  /** As it was given, with its zone. */
  host: string;
  address: Address;
}

type Answer = Exclude<BindAnswer, 'cannotTry'> | 'boundNotListening';

interface Look {
  /** Who serves the address; a wildcard is served by whoever serves any address of its family. */
  holder: SocketRow | null;
  answer: Answer;
}

function readHost(host: string): Address {
  const address = parseAddress(host);
  if (address !== null) return address;
  const message = 'must be an IPv4 or IPv6 literal';
  throw fail('InvalidParams', `${JSON.stringify(host)} is no local address; resolve names first.`, { issues: [{ path: 'host', message }] });
}

const toReason = (answer: Answer | undefined): PortVerdict['reason'] =>
  answer === undefined || answer === 'noFamily' || answer === 'bound' ? 'addressUnavailable' : answer;

/** The bind comes first: when it succeeds nobody listens there, and the table, which grows with the machine, need not be read. */
async function lookByBind(sockets: Sockets, endpoint: Endpoint): Promise<Look> {
  const { protocol, port, host, address } = endpoint;
  const answer = await sockets.tryBind(protocol, host, port);
  if (answer === 'cannotTry') return lookByRules(sockets, endpoint);
  if (answer === 'bound' || answer === 'noFamily' || answer === 'addressUnavailable') return { holder: null, answer };
  const holder = isWildcard(address.text)
    ? ((await readOverlapping(sockets, endpoint)).find(serves) ?? null)
    : await sockets.lookup(protocol, host, port);
  return holder === null && answer === 'inUse' ? findObstacle(sockets, endpoint) : { holder, answer };
}

/** The bind was refused and no listener serves the address: who else has the port? */
async function findObstacle(sockets: Sockets, endpoint: Endpoint): Promise<Look> {
  const { protocol, port, host } = endpoint;
  const rows = await readOverlapping(sockets, endpoint);
  const holder = rows.find(serves);
  if (holder !== undefined) return { holder, answer: 'inUse' };
  if (rows.length > 0) return { holder: null, answer: 'boundNotListening' };
  // Nobody: it has just been let go, or its holder stands in no table.
  const again = await sockets.tryBind(protocol, host, port);
  if (again !== 'inUse') return { holder: null, answer: again === 'cannotTry' ? 'bound' : again };
  if (protocol === 'udp') return { holder: null, answer: 'inUse' };
  const { counts, connections } = await sockets.readClosing(port);
  const hasConnections = connections > 0 || Object.values(counts).some((count) => count > 0);
  // Only a bound socket is left, where the table does not list those: Linux before 6.8, /proc/net.
  return { holder: null, answer: hasConnections ? 'inUse' : 'boundNotListening' };
}

async function lookByRules(sockets: Sockets, endpoint: Endpoint): Promise<Look> {
  const rows = await readOverlapping(sockets, endpoint);
  const holder = rows.find(serves) ?? null;
  if (rows.length > 0) return { holder, answer: holder === null ? 'boundNotListening' : 'inUse' };
  return { holder, answer: judgeByRules(endpoint, await sockets.readRules(), await sockets.readLocalAddresses()) };
}

function judgeByRules({ protocol, port, address }: Endpoint, rules: PortRules, localAddresses: string[]): Answer {
  const isIpv6 = address.family === 'ipv6';
  if (isIpv6 && !localAddresses.some((local) => local.includes(':'))) return 'noFamily';
  // All of 127.0.0.0/8 is local, though only 127.0.0.1 is assigned.
  const isLocal = isWildcard(address.text) || (!isIpv6 && isLoopback(address.text)) || localAddresses.includes(address.text);
  if (!isLocal) return 'addressUnavailable';
  if (port < rules.unprivilegedPortStart && !rules.mayBindPrivileged) return 'accessDenied';
  return rules.reservedRefusesBind && findReserved(rules.reserved, protocol, port) !== undefined ? 'reservedByOs' : 'bound';
}

async function readOverlapping(sockets: Sockets, { protocol, port, address }: Endpoint): Promise<SocketRow[]> {
  const rows = await sockets.read({ protocols: [protocol], port, withBoundTcp: true });
  return rows.filter((row) => overlaps(row, address));
}

const serves = ({ protocol, state }: SocketRow): boolean => protocol === 'udp' || state === 'listen';
