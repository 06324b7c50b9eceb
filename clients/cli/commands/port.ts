import { parseArgs } from 'node:util';
import type { Result } from '../../../src/protocol/methods/index.ts';
import { parsePort } from '../arguments.ts';
import { withSidecar } from '../connect.ts';
import { type ExitCode, exitCode, UsageError } from '../exitCode.ts';
import { renderPorts } from '../portTable.ts';
import { paint, print, printJson, terminalWidth } from '../terminal.ts';
import { escapeControls } from '../text.ts';

/** Who holds one port, and why it can or cannot be used. */
export async function port(args: string[]): Promise<ExitCode> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, tcp: { type: 'boolean' }, udp: { type: 'boolean' } },
  });
  if (values.tcp && values.udp) throw new UsageError('Either --tcp or --udp: a port is asked for in one of them.');
  const number = parsePort(positionals, 'port');
  // Without a flag the question is about TCP, but who holds the UDP port of that number is worth a word.
  const protocol = values.udp ? 'udp' : values.tcp ? 'tcp' : undefined;
  const { find, explain, portOwners } = await withSidecar(async (sidecar) => {
    const [find, explain] = await Promise.all([
      sidecar.call('port/find', { port: number, protocol }),
      sidecar.call('port/explain', { port: number, protocol }),
    ]);
    return { find, explain, portOwners: sidecar.server.capabilities.portOwners };
  });

  if (values.json) printJson({ find, explain });
  else {
    print(paint('bold', escapeControls(explain.summary)));
    if (find.entries.length > 0)
      print('', ...renderPorts(find.entries, portOwners, { width: terminalWidth(), heading: (text) => paint('dim', text) }));
    print(
      ...section('What was seen', explain.evidence),
      ...section(
        'What can be done',
        explain.suggestions.map(({ text }) => text),
      ),
    );
  }
  return isHeld(find, explain) ? exitCode.done : exitCode.none;
}

/** Not all that holds a port listens: "nobody" has to be true. */
function isHeld({ inUse }: Result<'port/find'>, { cause }: Result<'port/explain'>): boolean {
  return inUse || cause === 'boundNotListening' || cause === 'hidden';
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', paint('dim', title), ...lines.map((line) => `  ${escapeControls(line)}`)];
}
