import type { Family } from '../types.ts';

export interface Address {
  family: Family;
  /** 4 or 16 bytes in network order. */
  bytes: Uint8Array;
  /** Canonical (RFC 5952), without the zone. */
  text: string;
  /** What stood behind `%` in an IPv6 literal: an interface’s name or index. */
  zone: string | null;
}

/** Reads an IPv4 or IPv6 literal; an IPv4-mapped one (`::ffff:127.0.0.1`) is the IPv4 address that it reaches. Null for anything else. */
export function parseAddress(text: string): Address | null {
  const percent = text.indexOf('%');
  if (percent === -1) {
    const bytes = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
    return bytes === null ? null : fromBytes(bytes);
  }
  const zone = text.slice(percent + 1);
  const bytes = parseIpv6(text.slice(0, percent));
  return bytes === null || zone === '' ? null : { ...fromBytes(bytes), zone };
}

/** The address of 4 or 16 bytes in network order; a mapped one becomes IPv4. */
export function fromBytes(bytes: Uint8Array): Address {
  if (bytes.length === 4) return { family: 'ipv4', bytes, text: bytes.join('.'), zone: null };
  if (isMapped(bytes)) return fromBytes(bytes.slice(12));
  return { family: 'ipv6', bytes, text: formatIpv6(bytes), zone: null };
}

/**
 * Reads an address of /proc/net/{tcp,udp}{,6}. It is printed as 32-bit words of the host’s byte order (`%08X`, tcp4_seq_show and
 * tcp6_seq_show), so `0100007F` is 127.0.0.1 on a little-endian machine and 1.0.0.127 on a big-endian one.
 */
export function parseProcAddress(hex: string, byteOrder: 'LE' | 'BE'): Address {
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index++) {
    const target = byteOrder === 'LE' ? index ^ 3 : index;
    bytes[target] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
  }
  return fromBytes(bytes);
}

export const isWildcard = (address: string): boolean => address === '0.0.0.0' || address === '::';

/** 127.0.0.0/8 is local as a whole, though only 127.0.0.1 is assigned. */
export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

export const isLinkLocal = ({ family, bytes }: Address): boolean =>
  family === 'ipv6' && bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;

function parseIpv4(text: string): Uint8Array | null {
  if (!/^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.|$)){4}$/.test(text) || text.endsWith('.')) return null;
  return Uint8Array.from(text.split('.'), Number);
}

function parseIpv6(text: string): Uint8Array | null {
  const embedded = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const tail = embedded === null ? null : parseIpv4(embedded[2] as string);
  if (embedded !== null && tail === null) return null;
  const words = tail === null ? text : `${embedded?.[1]}${hexWord(tail, 0)}:${hexWord(tail, 2)}`;
  const halves = words.split('::');
  if (halves.length > 2) return null;
  const [head = [], rest = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  const groups = [...head, ...Array<string>(missing).fill('0'), ...rest];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  const bytes = new Uint8Array(16);
  groups.forEach((group, index) => {
    new DataView(bytes.buffer).setUint16(index * 2, Number.parseInt(group, 16));
  });
  return bytes;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => hexWord(bytes, index * 2));
  let run = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (groups[start + length] === '0') length++;
    if (length > run.length) run = { start, length };
  }
  if (run.start === -1) return groups.join(':');
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`;
}

const hexWord = (bytes: Uint8Array, at: number): string => (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16);

const isMapped = (bytes: Uint8Array): boolean =>
  bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
