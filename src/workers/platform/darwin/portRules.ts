import type { PortRules } from '../types.ts';
import { isRoot } from './ownerScan.ts';
import { ask, type Tools } from './tools.ts';

/** The rules of macOS (ip(4)): where the ports of outgoing connections come from says sysctl(8). It reserves none. */
export async function readPortRules(tools: Tools): Promise<PortRules> {
  return {
    // IPPORT_RESERVED. Since macOS 10.14 it holds for single addresses only, not for the wildcards: the bind itself decides.
    unprivilegedPortStart: 1024,
    mayBindPrivileged: isRoot(),
    ephemeral: await readEphemeral(tools),
    reserved: [],
    reservedRefusesBind: false,
  };
}

/** Null where it does not tell: nothing depends on this but advice. */
async function readEphemeral(tools: Tools): Promise<PortRules['ephemeral']> {
  const names = ['net.inet.ip.portrange.first', 'net.inet.ip.portrange.last'];
  const end = await ask(tools, 'sysctl', ['-n', ...names]).catch(() => null);
  const [from, to] = new TextDecoder().decode(end?.stdout).split('\n').map(Number);
  return from && to && from <= to ? { from, to } : null;
}
