import { readFileSync } from 'node:fs';
import { parsePortRange, parseReservedPorts } from '../parse/portRanges.ts';
import { parseProcStatus } from '../parse/procStatus.ts';
import type { PortRules } from '../types.ts';

/** The rules of this network namespace (ip(7)); a file that is missing means the kernel’s default. */
export function readPortRules(): PortRules {
  return {
    unprivilegedPortStart: Number(readSetting('ip_unprivileged_port_start') ?? 1024),
    mayBindPrivileged: hasBindCapability(),
    ephemeral: parsePortRange(readSetting('ip_local_port_range') ?? ''),
    reserved: parseReservedPorts(readSetting('ip_local_reserved_ports') ?? ''),
    // "do not affect explicit port allocation": Documentation/networking/ip-sysctl.rst, ip_local_reserved_ports.
    reservedRefusesBind: false,
  };
}

function readSetting(name: string): string | null {
  try {
    return readFileSync(`/proc/sys/net/ipv4/${name}`, 'latin1');
  } catch {
    return null;
  }
}

/** In a user namespace the capability counts only if the network namespace is its own: the bind itself decides. */
function hasBindCapability(): boolean {
  try {
    const status = parseProcStatus(readFileSync('/proc/thread-self/status', 'latin1'));
    return status !== null && ((status.effectiveCapabilities >> CAP_NET_BIND_SERVICE) & 1n) === 1n;
  } catch {
    return false;
  }
}

const CAP_NET_BIND_SERVICE = 10n;
