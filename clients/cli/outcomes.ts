import type { KillOutcome } from '../../src/protocol/types/kill.ts';
import { type ExitCode, exitCode } from './exitCode.ts';
import { displayName } from './processName.ts';
import { type Column, renderTable, type TableOptions } from './table.ts';
import { paint, print, terminalWidth } from './terminal.ts';
import { escapeControls, wrapText } from './text.ts';

/** By identity: on which addresses a process holds the port. */
export type Addresses = ReadonlyMap<string, readonly string[]>;

/** What became of each, or would; below the table, why, where there is more to say than fits a word. */
export function renderOutcomes(outcomes: readonly KillOutcome[], options: TableOptions, addresses: Addresses = new Map()): string[] {
  const known = outcomes.filter(({ process }) => process.name !== undefined);
  const columns = allColumns.filter(({ isShown }) => isShown(known, addresses));
  const rows = known.map((outcome) => columns.map(({ cell }) => cell(outcome, addresses)));
  const table = known.length === 0 ? [] : renderTable(columns, rows, options);
  return [...table, ...outcomes.flatMap((outcome) => explain(outcome, options.width))];
}

/** The table, as wide as the terminal. */
export function printOutcomes({ outcomes }: { outcomes: readonly KillOutcome[] }, addresses?: Addresses): void {
  if (outcomes.length > 0) print(...renderOutcomes(outcomes, { width: terminalWidth(), heading: (text) => paint('dim', text) }, addresses));
}

/** What a command ends with that was to end exactly these. */
export function exitCodeOf(outcomes: readonly KillOutcome[]): ExitCode {
  const are = (...kinds: KillOutcome['outcome'][]) => outcomes.filter(({ outcome }) => kinds.includes(outcome)).length;
  if (are('gone') === outcomes.length) return exitCode.none;
  if (are('gone', 'exited', 'killed', 'planned') === outcomes.length) return exitCode.done;
  return are('exited', 'killed', 'survived', 'denied') > 0 ? exitCode.notAll : exitCode.refused;
}

interface OutcomeColumn extends Column {
  isShown(outcomes: readonly KillOutcome[], addresses: Addresses): boolean;
  cell(outcome: KillOutcome, addresses: Addresses): string;
}

const always = () => true;

const allColumns: OutcomeColumn[] = [
  { title: 'PID', align: 'right', isShown: always, cell: ({ process }) => String(process.pid) },
  { title: 'NAME', yields: 'later', isShown: always, cell: nameOf },
  {
    title: 'ADDRESS',
    yields: 'later',
    isShown: (_, addresses) => addresses.size > 0,
    cell: ({ process }, addresses) => addresses.get(process.identity ?? '')?.join(' ') ?? '?',
  },
  { title: 'OUTCOME', yields: 'later', isShown: always, cell: words },
  {
    title: 'FREED',
    yields: 'later',
    isShown: (outcomes) => outcomes.some(({ freedPorts }) => freedPorts.length > 0),
    cell: ({ freedPorts }) => freedPorts.join(' '),
  },
  { title: 'COMMAND', yields: 'first', isShown: always, cell: ({ process }) => process.commandLine?.join(' ') ?? '?' },
];

function nameOf({ process: { name, commandLine } }: KillOutcome): string {
  return name === undefined ? '?' : displayName({ name, executable: commandLine?.[0] ?? null });
}

function words({ outcome, signal, reason, elapsedMs }: KillOutcome): string {
  switch (outcome) {
    case 'planned':
      return `would get ${(reason ?? signal ?? 'a signal').replace(/\.$/, '')}`;
    case 'exited':
      return `exited${signal === undefined ? '' : ` at ${signal}`} after ${duration(elapsedMs)}`;
    case 'killed':
      return `killed after ${duration(elapsedMs)}`;
    case 'survived':
      return `survived ${duration(elapsedMs)}`;
    case 'gone':
      return 'gone already';
    case 'identityMismatch':
      return 'another process';
    case 'notPlanned':
      return 'left alone';
    default:
      return outcome;
  }
}

function explain({ process: { pid }, outcome, reason, parent }: KillOutcome, width: number | null): string[] {
  if (reason === undefined || outcome === 'planned') return [];
  const sentence = `${pid}: ${reason}${parent === undefined ? '' : ` Its parent is ${parent.name} (pid ${parent.pid}).`}`;
  return wrapText(escapeControls(sentence), width ?? Number.POSITIVE_INFINITY);
}

function duration(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
