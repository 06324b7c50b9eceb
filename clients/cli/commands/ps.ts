import { parseArgs } from 'node:util';
import type { ProcessInfo, ProcessTreeEntry } from '../../../src/protocol/types/process.ts';
import { parsePid } from '../arguments.ts';
import { withSidecar } from '../connect.ts';
import { type ExitCode, exitCode, UsageError } from '../exitCode.ts';
import { displayName } from '../processName.ts';
import type { SidecarConnection } from '../sidecar.ts';
import { type Column, renderTable } from '../table.ts';
import { paint, print, printJson, terminalWidth } from '../terminal.ts';
import { escapeControls } from '../text.ts';

/** The processes of this machine, or one and its descendants. */
export async function ps(args: string[]): Promise<ExitCode> {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean' }, name: { type: 'string' }, tree: { type: 'string' } } });
  if (values.name !== undefined && values.tree !== undefined) throw new UsageError('Either --name or --tree: a tree is shown whole.');
  const root = values.tree === undefined ? undefined : parsePid(values.tree);
  const processes = await withSidecar<(ProcessInfo | ProcessTreeEntry)[]>(async (sidecar) =>
    root === undefined ? listAll(sidecar, values.name) : (await sidecar.call('process/tree', { root: { pid: root } })).processes,
  );

  if (values.json) printJson({ processes });
  else if (processes.length === 0)
    print(`No process that this user may see has the name ${JSON.stringify(escapeControls(values.name ?? ''))}.`);
  else print(...renderTable(columns, processes.map(cells), { width: terminalWidth(), heading: (text) => paint('bold', text) }));
  return processes.length === 0 ? exitCode.none : exitCode.done;
}

async function listAll(sidecar: SidecarConnection, name: string | undefined): Promise<ProcessInfo[]> {
  const processes: ProcessInfo[] = [];
  let cursor: string | undefined;
  do {
    const page = await sidecar.call('process/list', { filter: { name }, cursor });
    processes.push(...page.processes);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return processes;
}

const columns: Column[] = [
  { title: 'PID', align: 'right' },
  { title: 'PPID', align: 'right' },
  { title: 'USER', yields: 'later' },
  { title: 'STATUS' },
  { title: 'MEMORY', align: 'right' },
  { title: 'STARTED' },
  { title: 'NAME', yields: 'later' },
  { title: 'COMMAND', yields: 'first' },
];

function cells(process: ProcessInfo | ProcessTreeEntry): string[] {
  const { pid, ppid, user, status, rssBytes, startedAt, commandLine } = process;
  const indent = 'depth' in process ? '  '.repeat(process.depth) : '';
  return [
    String(pid),
    String(ppid),
    user?.name ?? '?',
    status,
    rssBytes === null ? '?' : megabytes(rssBytes),
    localTime(startedAt),
    indent + displayName(process),
    commandLine === null ? '?' : commandLine.join(' '),
  ];
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `2026-03-01 14:05`, in the time zone of the terminal. */
function localTime(at: number): string {
  const date = new Date(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
