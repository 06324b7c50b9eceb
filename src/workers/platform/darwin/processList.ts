import { loadProcessTable, type ProcessTable } from '../../../native/darwin/processTable.ts';
import { fail } from '../../../protocol/errors.ts';
import type { ProcessInfo } from '../../../protocol/types/process.ts';
import { complaint, type ToolEnd } from '../../exec.ts';
import { type KinfoProc, parseKinfoProcs, procStat } from '../parse/kinfoProc.ts';
import { type PsRow, parsePsTable, psColumns } from '../parse/psTable.ts';
import { readByTool, type ToldProcesses } from '../toldProcesses.ts';
import { formatIdentity } from './identity.ts';
import { aboutTool, ask, askHere, type DarwinOptions, type Tools } from './tools.ts';

/** A process as everybody may see it. */
export interface ProcessRow {
  pid: number;
  ppid: number;
  pgid: number;
  uid: number;
  status: ProcessInfo['status'];
  startMicros: number;
  identity: string;
  name: string;
  /** Null where the list does not tell. */
  rssBytes: number | null;
  cpuMs: number | null;
}

/** The processes of all users. One that has ended and was not collected is among them, as a zombie. */
export type ProcessList = ToldProcesses<ProcessRow>;

/** By sysctl(3), which tells the start to the microsecond; without native calls by ps(1). */
export function openProcessList({ native, tools }: DarwinOptions): ProcessList {
  const table = native ? loadProcessTable() : null;
  return table === null ? askPs(tools) : readTable(table);
}

/** The kernel itself is 0. */
const isProcess = ({ pid }: ProcessRow): boolean => pid > 0;

function readTable(table: ProcessTable): ProcessList {
  const list = () => parseKinfoProcs(table.read(null)).map(fromKinfo).filter(isProcess);
  const find = (pid: number) => (isPid(pid) ? (parseKinfoProcs(table.read(pid)).map(fromKinfo).find(isProcess) ?? null) : null);
  const findSome = (pids: readonly number[]) => pids.map(find).filter((row) => row !== null);
  return { list, find, findSome, listHere: list, findHere: find };
}

function fromKinfo({ pid, ppid, pgid, uid, stat, startMicros, comm }: KinfoProc): ProcessRow {
  const status = statusWords[stat] ?? 'other';
  const identity = formatIdentity({ pid, startMicros, isExact: true });
  return { pid, ppid, pgid, uid, status, startMicros, identity, name: comm, rssBytes: null, cpuMs: null };
}

/** SRUN is all that lives: whether a thread of it runs is known to the scheduler alone. */
const statusWords: Record<number, ProcessInfo['status']> = {
  [procStat.idle]: 'running',
  [procStat.running]: 'running',
  [procStat.sleeping]: 'sleeping',
  [procStat.stopped]: 'stopped',
  [procStat.zombie]: 'zombie',
};

/** A run of ps takes some 10 ms. */
function askPs(tools: Tools): ProcessList {
  const all = ['-ax', ...psColumns];
  return {
    ...readByTool({
      read: async () => readPs(tools, await ask(tools, 'ps', all)),
      readHere: () => readPs(tools, askHere(tools, 'ps', all)),
      isPid,
      toRow: (row) => row,
      toRows: (rows) => rows,
      // On a busy machine another run would take as long as that one did.
      longestAgeMs: (tookMs) => ({ find: Math.max(lookAgeMs, tookMs), findHere: Math.max(signalAgeMs, tookMs) }),
    }),
    async findSome(pids) {
      const wanted = pids.filter(isPid);
      return wanted.length === 0 ? [] : readPs(tools, await ask(tools, 'ps', [...psColumns, '-p', wanted.join(',')]));
    },
  };
}

/** Less than the time after which a waiter looks first, with a run of its own: who is known to have ended is not told as living. */
const lookAgeMs = 40;
/** About as long as ps itself takes between its look and its answer; in that time no pid comes around again. */
const signalAgeMs = 20;

/** ps exits with 1 and says nothing when there is none of those that it was asked for. */
function readPs({ ps }: Tools, end: ToolEnd): ProcessRow[] {
  const { code, stdout, stderr } = end;
  const text = new TextDecoder().decode(stdout);
  const isAnswer = code === 0 || (code === 1 && text === '' && stderr.trim() === '');
  if (!isAnswer) throw unreadable(complaint(ps, end));
  try {
    return parsePsTable(text).map(fromPs).filter(isProcess);
  } catch (cause) {
    throw unreadable(`${ps} answers in a form that is not known here`, cause);
  }
}

const unreadable = (why: string, cause?: unknown) =>
  fail('Unsupported', `Processes cannot be looked at: ${why}. Install koffi, which needs no tool.`, aboutTool('ps'), { cause });

function fromPs({ pid, ppid, pgid, uid, state, startSeconds, cpuMs, rssBytes, command }: PsRow): ProcessRow {
  const startMicros = startSeconds * 1_000_000;
  return {
    pid,
    ppid,
    pgid,
    uid,
    status: statusLetters[state] ?? 'other',
    startMicros,
    identity: formatIdentity({ pid, startMicros, isExact: false }),
    name: baseName(command),
    rssBytes,
    cpuMs,
  };
}

/** ps(1), `state`. */
const statusLetters: Record<string, ProcessInfo['status']> = {
  I: 'sleeping',
  R: 'running',
  S: 'sleeping',
  T: 'stopped',
  U: 'uninterruptible',
  Z: 'zombie',
};

/** A login shell is called with a hyphen before its name. */
const baseName = (command: string): string => command.slice(command.lastIndexOf('/') + 1).replace(/^-/, '');

export const isPid = (pid: number): boolean => Number.isInteger(pid) && pid > 0 && pid <= HIGHEST_PID;

/** pid_t is an int; the kernel gives 99998 at most (bsd/sys/proc_internal.h, PID_MAX). */
const HIGHEST_PID = 0x7fff_ffff;
