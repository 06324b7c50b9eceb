import { parseAddress } from './address.ts';
import { type IpHelperRow, mibTcpState } from './ipHelperTable.ts';

export type NetstatRow = IpHelperRow & { protocol: 'tcp' | 'udp' };

/**
 * What `netstat -ano` of Windows prints, whatever its language: columns of protocol, local address, foreign address, for TCP a state
 * in words that are passed over, and a pid. Who listens has no foreign port; a pid of 0 is nobody’s any more (TIME_WAIT); any other
 * state counts as established, for only words tell. Headings, and what is no such line, are left out.
 */
export function parseNetstat(text: string): NetstatRow[] {
  return text.split(/\r?\n/).flatMap((line) => parseLine(line) ?? []);
}

function parseLine(line: string): NetstatRow | null {
  const [name = '', local = '', foreign = '', ...rest] = line.trim().split(/\s+/);
  const protocol = protocols[name.toUpperCase()];
  const from = parseEnd(local);
  const to = parseEnd(foreign);
  const pid = parseNumber(rest.at(-1) ?? '', 0xffff_ffff);
  if (protocol === undefined || from === null || from.address === null || from.port === null || to === null || pid === null) return null;
  const { family, text: address } = from.address;
  if (protocol === 'udp') return { protocol, family, address, port: from.port, state: null, pid };
  // Between the addresses and the pid there is a state, of one word or more.
  if (rest.length < 2) return null;
  const state = to.port === null || to.port === 0 ? mibTcpState.listen : pid === 0 ? mibTcpState.timeWait : mibTcpState.established;
  return { protocol, family, address, port: from.port, state, pid };
}

const protocols: Record<string, 'tcp' | 'udp'> = { TCP: 'tcp', TCPV6: 'tcp', UDP: 'udp', UDPV6: 'udp' };

/** `127.0.0.1:80`, `[fe80::1%12]:80`, `*:*`; null for what is none. */
function parseEnd(text: string): { address: ReturnType<typeof parseAddress>; port: number | null } | null {
  const colon = text.lastIndexOf(':');
  if (colon === -1) return null;
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  const address = host === '*' ? null : parseAddress(host);
  const port = text.slice(colon + 1) === '*' ? null : parseNumber(text.slice(colon + 1), 65_535);
  if ((host !== '*' && address === null) || (port === null && !text.endsWith(':*'))) return null;
  return { address, port };
}

function parseNumber(text: string, most: number): number | null {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : null;
  return number !== null && number <= most ? number : null;
}
