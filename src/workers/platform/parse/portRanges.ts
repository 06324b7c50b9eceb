import type { ReservedPorts } from '../types.ts';

/** Inclusive. */
export interface PortRange {
  from: number;
  to: number;
}

/** /proc/sys/net/ipv4/ip_local_port_range: two numbers with white space between. Null for anything else. */
export function parsePortRange(text: string): PortRange | null {
  const [, from, to] = /^\s*(\d+)\s+(\d+)\s*$/.exec(text) ?? [];
  return from === undefined || to === undefined ? null : { from: Number(from), to: Number(to) };
}

/** /proc/sys/net/ipv4/ip_local_reserved_ports: `8080,9148-9150`, empty for none. */
export function parseReservedPorts(text: string): PortRange[] {
  return Array.from(text.matchAll(/(\d+)(?:-(\d+))?/g), ([, from, to = from]) => ({ from: Number(from), to: Number(to) }));
}

/** The range that a port of this protocol lies in; undefined for none. */
export function findReserved(reserved: readonly ReservedPorts[], protocol: 'tcp' | 'udp', port: number): ReservedPorts | undefined {
  return reserved.find((range) => range.from <= port && port <= range.to && (range.protocol ?? protocol) === protocol);
}
