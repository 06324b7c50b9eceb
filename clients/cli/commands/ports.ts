import { parseArgs } from 'node:util';
import type { PortEntry } from '../../../src/protocol/types/port.ts';
import { withSidecar } from '../connect.ts';
import { type ExitCode, exitCode } from '../exitCode.ts';
import { renderPorts } from '../portTable.ts';
import type { SidecarConnection } from '../sidecar.ts';
import { paint, print, printJson, terminalWidth } from '../terminal.ts';

/** Everything that listens on this machine. */
export async function ports(args: string[]): Promise<ExitCode> {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean' }, tcp: { type: 'boolean' }, udp: { type: 'boolean' } } });
  // Both flags together mean what neither does.
  const protocol = values.tcp === values.udp ? undefined : values.tcp ? 'tcp' : 'udp';
  const { entries, portOwners } = await withSidecar(async (sidecar) => ({
    entries: await listAll(sidecar, protocol),
    portOwners: sidecar.server.capabilities.portOwners,
  }));

  if (values.json) printJson({ entries });
  else if (entries.length === 0) print(`Nothing listens on ${protocol?.toUpperCase() ?? 'any'} port.`);
  else print(...renderPorts(entries, portOwners, { width: terminalWidth(), heading: (text) => paint('bold', text) }));
  return entries.length === 0 ? exitCode.none : exitCode.done;
}

async function listAll(sidecar: SidecarConnection, protocol: 'tcp' | 'udp' | undefined): Promise<PortEntry[]> {
  const entries: PortEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await sidecar.call('port/list', { protocol, cursor });
    entries.push(...page.entries);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return entries;
}
