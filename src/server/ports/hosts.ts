import { isIPv4, isIPv6 } from 'node:net';
import { fail } from '../../protocol/errors.ts';
import type { SocketRow } from '../../workers/platform/types.ts';

/**
 * The local addresses that a `host` param means, or null for all of them. Only literals and `localhost`: a name
 * would have to be resolved, and what it means is the host’s business.
 */
export function localAddresses(host: string | undefined): string[] | null {
  if (host === undefined) return null;
  if (host === 'localhost') return ['127.0.0.1', '::1'];
  if (isIPv4(host)) return [host];
  if (isIPv6(host)) return [canonicalIpv6(host)];
  throw fail('InvalidParams', `host takes an IP address or localhost, not ${JSON.stringify(host)}; resolve the name first.`, {
    issues: [{ path: 'host', message: 'expected an IPv4 or IPv6 literal, or localhost' }],
  });
}

/** Whether the socket takes what is sent to one of these local addresses. */
export function serves(row: SocketRow, addresses: string[] | null): boolean {
  if (addresses === null) return true;
  return addresses.some((address) => {
    if (row.address === address) return true;
    if (isIPv4(address))
      return row.address === '0.0.0.0' || (row.address === '::' && row.dualStack !== false) || row.address === `::ffff:${address}`;
    return row.address === '::';
  });
}

/** RFC 5952 text; an IPv4-mapped address becomes the IPv4 address that it is, a zone is left out. */
function canonicalIpv6(literal: string): string {
  const canonical = new URL(`http://[${literal.replace(/%.*$/, '')}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (!mapped) return canonical;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
