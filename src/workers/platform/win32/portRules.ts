import { parseDynamicPorts, parseExcludedPorts } from '../parse/excludedPorts.ts';
import type { PortRules } from '../types.ts';
import { runSystemTool } from './tools.ts';

/**
 * The rules of Windows. Only netsh tells them, and it takes a tenth of a second, so they are kept for a while: Hyper-V and winnat
 * change them when they start. Where it says nothing, there are the defaults and no excluded range.
 */
export function readPortRules(): PortRules {
  const now = performance.now();
  if (kept === null || now - kept.atMs > keptMs) kept = { atMs: now, rules: askNetsh() };
  return kept.rules;
}
let kept: { atMs: number; rules: PortRules } | null = null;
const keptMs = 10_000;

function askNetsh(): PortRules {
  const excluded = ['ipv4', 'ipv6'].flatMap((family) => parseExcludedPorts(netsh(family, 'excludedportrange', 'protocol=tcp')));
  return {
    // Every user may bind every port.
    unprivilegedPortStart: 0,
    mayBindPrivileged: true,
    ephemeral: parseDynamicPorts(netsh('ipv4', 'dynamicport', 'tcp')) ?? defaultDynamicPorts,
    reserved: excluded.filter(({ from, to }, place) => excluded.findIndex((one) => one.from === from && one.to === to) === place),
    reservedRefusesBind: true,
  };
}

/** Since Windows Vista (learn.microsoft.com, "The default dynamic port range for TCP/IP has changed"). */
const defaultDynamicPorts = { from: 49_152, to: 65_535 };

function netsh(family: string, what: string, protocol: string): string {
  try {
    return runSystemTool('netsh', ['interface', family, 'show', what, protocol]);
  } catch {
    return '';
  }
}
