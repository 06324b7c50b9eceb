import { parseDynamicPorts, parseExcludedPorts } from '../parse/excludedPorts.ts';
import type { PortRules, ReservedPorts } from '../types.ts';
import { ask, systemTools, type Tools, textOf } from './tools.ts';

/**
 * The rules of Windows. Only netsh tells them, and it takes a tenth of a second, so they are kept for a while: Hyper-V and winnat
 * change them when they start. Where it says nothing, there are the defaults and no excluded range.
 */
export function readPortRules(): Promise<PortRules> {
  const now = performance.now();
  if (kept === null || now - kept.atMs > keptMs) kept = { atMs: now, rules: askNetsh(systemTools()) };
  return kept.rules;
}
let kept: { atMs: number; rules: Promise<PortRules> } | null = null;
const keptMs = 10_000;

/** Exported for tests. */
export async function askNetsh(tools: Tools): Promise<PortRules> {
  const [dynamic, ...excluded] = await Promise.all([
    netsh(tools, 'ipv4', 'dynamicport', 'tcp'),
    ...protocols.flatMap((protocol) => families.map((family) => readExcluded(tools, family, protocol))),
  ]);
  return {
    // Every user may bind every port.
    unprivilegedPortStart: 0,
    mayBindPrivileged: true,
    ephemeral: parseDynamicPorts(dynamic) ?? defaultDynamicPorts,
    reserved: onceEach(excluded.flat()),
    reservedRefusesBind: true,
  };
}

const protocols = ['tcp', 'udp'] as const;
const families = ['ipv4', 'ipv6'] as const;

/** Since Windows Vista (learn.microsoft.com, "The default dynamic port range for TCP/IP has changed"). */
const defaultDynamicPorts = { from: 49_152, to: 65_535 };

async function readExcluded(tools: Tools, family: string, protocol: 'tcp' | 'udp'): Promise<ReservedPorts[]> {
  const text = await netsh(tools, family, 'excludedportrange', `protocol=${protocol}`);
  return parseExcludedPorts(text).map((range) => ({ ...range, protocol }));
}

/** What both families keep is one range. */
function onceEach(ranges: ReservedPorts[]): ReservedPorts[] {
  const known = new Map(ranges.map((range) => [`${range.protocol} ${range.from} ${range.to}`, range]));
  return [...known.values()];
}

async function netsh(tools: Tools, family: string, what: string, protocol: string): Promise<string> {
  const end = await ask(tools, 'netsh', ['interface', family, 'show', what, protocol]).catch(() => null);
  return end?.code === 0 ? textOf(end) : '';
}
