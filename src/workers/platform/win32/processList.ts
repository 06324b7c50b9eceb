import { readProcessList } from '../../../native/win32/processList.ts';
import { fail } from '../../../protocol/errors.ts';
import { complaint, type ToolEnd } from '../../exec.ts';
import { type CimProcess, cimProcessScript, parseCimProcesses } from '../parse/cimProcesses.ts';
import { parseSystemProcesses, type SystemProcess } from '../parse/systemProcesses.ts';
import { readByTool, type ToldProcesses } from '../toldProcesses.ts';
import type { Kin } from '../types.ts';
import { holdProcess, isPid } from './heldProcess.ts';
import { formatIdentity } from './identity.ts';
import { aboutTool, ask, askHere, type Tools, type Win32Options } from './tools.ts';

/** A process as everybody may see it. */
export interface ProcessRow {
  pid: number;
  ppid: number;
  name: string;
  /** In units of 100 ns since 1601. */
  created: bigint;
  /** To 100 ns, and not to a microsecond. */
  isExact: boolean;
  /** Every thread waits for somebody to resume it; false where the list does not tell. */
  isSuspended: boolean;
  /** Null where the list does not tell. */
  cpu: bigint | null;
  workingSetBytes: number | null;
  executable: string | null;
  commandLine: string | null;
}

/** All processes of this machine, of other users too; neither the idle process nor one that has ended while somebody holds it open. */
export type ProcessList = ToldProcesses<ProcessRow>;

/** By NtQuerySystemInformation; without native calls by PowerShell, for tasklist(1) does not tell when a process began. */
export function openProcessList({ native, tools }: Win32Options): ProcessList {
  return native ? readList() : askPowershell(tools);
}

export const identityOf = (row: ProcessRow): string => formatIdentity(row);

/**
 * Those of which trees are made. What serves a console (conhost.exe) is a child of the program that has it, ends with the last that
 * uses it, and takes them along if it is ended before, so it counts as part of it and not as one more.
 */
export function related(all: ProcessRow[]): ProcessRow[] {
  const parents = new Set(all.map(({ ppid }) => ppid));
  return all.filter(({ name, pid }) => name.toLowerCase() !== 'conhost.exe' || parents.has(pid));
}

/** There are neither groups nor sessions here: 0 is nobody’s. The start is only compared, and all are rounded alike. */
export const kinOf = (all: ProcessRow[]): Kin[] =>
  related(all).map(({ pid, ppid, created }) => ({ pid, ppid, pgid: 0, sid: 0, startTicks: Number(created) }));

function readList(): ProcessList {
  const list = () => listSystemProcesses().map(fromSystem);
  const find = (pid: number) => list().find((row) => row.pid === pid) ?? null;
  const findSome = (pids: readonly number[]) => list().filter(({ pid }) => pids.includes(pid));
  return { list, find, findSome, listHere: list, findHere: find };
}

function listSystemProcesses(): SystemProcess[] {
  const list = readProcessList();
  if (list === null) throw new Error('there are no native calls');
  return parseSystemProcesses(list.bytes, list.address).filter((row) => row.pid !== IDLE && (row.threads > 0 || !hasEnded(row.pid)));
}

/** Without a thread it has ended, or is one of the kernel’s own, which cannot be opened. */
const hasEnded = (pid: number): boolean => {
  const held = holdProcess(pid);
  if (held !== null && held !== 'denied') held.close();
  return held === null;
};

const IDLE = 0;

const fromSystem = ({ pid, ppid, name, created, isSuspended, cpu, workingSetBytes }: SystemProcess): ProcessRow => ({
  ...{ pid, ppid, name, created, isSuspended, cpu, workingSetBytes },
  isExact: true,
  executable: null,
  commandLine: null,
});

/** A run of PowerShell takes some half a second. */
function askPowershell(tools: Tools): ProcessList {
  return {
    ...readByTool({
      read: async () => parse(tools, await ask(tools, 'powershell', order(null))),
      readHere: () => parse(tools, askHere(tools, 'powershell', order(null))),
      isPid,
      toRow,
      // Whose start is not told is nobody that could be told from who has its pid next.
      toRows: (all) => all.filter(hasStart).map(fromCim),
      longestAgeMs: () => ({ find: longestAgeMs, findHere: longestAgeMs }),
    }),
    async findSome(pids) {
      const wanted = pids.filter(isPid);
      if (wanted.length === 0) return [];
      const all = parse(tools, await ask(tools, 'powershell', order(wanted.length > mostNamed ? null : wanted)));
      return all.filter(({ pid }) => wanted.includes(pid)).map(toRow);
    },
  };
}

/** Less than PowerShell itself takes between its look and its answer; what is done by a row may be too late by both. */
const longestAgeMs = 200;
/** More would pass what a command line may be, and are as many as there are. */
const mostNamed = 100;

const order = (pids: readonly number[] | null): string[] => [
  ...['-NoLogo', '-NoProfile', '-NonInteractive', '-OutputFormat', 'Text', '-Command'],
  cimProcessScript(pids),
];

function parse({ powershell }: Tools, end: ToolEnd): CimProcess[] {
  if (end.code !== 0) throw unreadable(complaint(powershell, end));
  try {
    return parseCimProcesses(new TextDecoder().decode(end.stdout));
  } catch (cause) {
    throw unreadable(`${powershell} answers in a form that is not known here`, cause);
  }
}

const unreadable = (why: string, cause?: unknown) =>
  fail('Unsupported', `Processes cannot be looked at: ${why}. Install koffi, which needs no tool.`, aboutTool('powershell'), { cause });

type Started = CimProcess & { created: bigint };

const hasStart = (one: CimProcess): one is Started => one.created !== null;

function toRow(one: CimProcess): ProcessRow {
  if (hasStart(one)) return fromCim(one);
  const sentence = `Windows does not tell this user when process ${one.pid} began, so it cannot be told from another of that pid.`;
  throw fail('PermissionDenied', sentence, { operation: 'readProcess' });
}

const fromCim = (one: Started): ProcessRow => ({ ...one, isExact: false, isSuspended: false });
