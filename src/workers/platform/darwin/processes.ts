import { type Libproc, loadLibproc } from '../../../native/darwin/libproc.ts';
import { loadProcessTable } from '../../../native/darwin/processTable.ts';
import { fail } from '../../../protocol/errors.ts';
import type { ProcessInfo } from '../../../protocol/types/process.ts';
import { findVariable } from '../parse/environ.ts';
import { parseTaskInfo, parseWorkingDirectory, sizes } from '../parse/libproc.ts';
import { type ProcArgs, parseProcArgs } from '../parse/procArgs.ts';
import { monotonicMs, type Reading, shareReading } from '../sharedReading.ts';
import type { Processes, ProcessSample } from '../types.ts';
import { sameIdentity } from './identity.ts';
import { openProcessList, type ProcessList, type ProcessRow } from './processList.ts';
import type { DarwinOptions } from './tools.ts';
import { userName } from './users.ts';

/**
 * The processes of macOS. The list has them all, with parent, group, user and start; what only a process itself knows, libproc tells
 * to its own user and to root. Without native calls ps(1) tells what it can, and the rest is null.
 */
export function createDarwinProcesses(options: DarwinOptions): Processes {
  const list = openProcessList(options);
  const details = options.native ? openDetails() : null;
  const ps = options.native ? openProcessList({ ...options, native: false }) : list;
  const askPs = shareReading(() => ps.list());
  return {
    describe: (pid) => describe(pid, list, details),
    glimpse: (pid) => describe(pid, list, details),
    async glimpseHeld(pid) {
      const info = await describe(pid, list, details);
      return info && { info, handle: null };
    },
    async identify(pid) {
      const row = await list.find(pid);
      return row === null || row.status === 'zombie' ? null : row.identity;
    },
    listPids: async () => (await list.list()).map(({ pid }) => pid),
    readParents: async () => new Map((await list.list()).map(({ pid, ppid }) => [pid, ppid])),
    sample: (pid) => sample(pid, list, details, askPs),
    sameIdentity,
    // macOS has neither units nor cgroups; what runs in a container runs in a virtual machine.
    readPlacement: async (pid) => ((await list.find(pid)) === null ? null : { container: null, unit: null }),
    readVariable: (pid, name) => (details === null ? null : readVariable(pid, name, list, details)),
    listCgroup: () => [],
    sampleCgroup: () => null,
    whyNoGroups: (kind) => (kind === 'group' || details !== null ? null : withoutSessions()),
  };
}

function withoutSessions() {
  const sentence = 'Which session a process is in tells no tool of macOS; install koffi, or name its group (pgid) or the root of its tree.';
  return fail('Unsupported', sentence, { capability: 'session', platform: 'darwin' });
}

/** What libproc tells of one process. Null where this user may not see it, or it is gone. */
interface Details {
  executable(pid: number): string | null;
  started(pid: number): ProcArgs | null;
  directory(pid: number): string | null;
  session(pid: number): number | null;
  usage(pid: number): { rssBytes: number; cpuMs: number } | null;
}

function openDetails(): Details | null {
  const libproc = loadLibproc();
  const table = loadProcessTable();
  if (libproc === null || table === null) return null;
  const msPerUnit = toMs(libproc);
  return {
    executable: (pid) => libproc.path(pid),
    session: (pid) => libproc.session(pid),
    started(pid) {
      const bytes = table.readArguments(pid);
      return bytes === null ? null : parseProcArgs(bytes);
    },
    directory(pid) {
      const bytes = libproc.info(pid, 'vnodePaths', sizes.vnodePaths);
      return bytes === null || bytes === 'denied' ? null : parseWorkingDirectory(bytes);
    },
    usage(pid) {
      const bytes = libproc.info(pid, 'task', sizes.taskInfo);
      if (bytes === null || bytes === 'denied') return null;
      const { rssBytes, cpuUnits } = parseTaskInfo(bytes);
      return { rssBytes, cpuMs: Number(cpuUnits) * msPerUnit };
    },
  };
}

/** The kernel counts in ticks of its clock, which are not nanoseconds on Apple silicon (125/3). */
function toMs(libproc: Libproc): number {
  const { numerator, denominator } = libproc.timebase();
  return numerator / denominator / 1_000_000;
}

async function describe(pid: number, list: ProcessList, details: Details | null): Promise<ProcessInfo | null> {
  // When it ends meanwhile, the pid may already be another’s, and that one is asked for as well.
  for (let attempt = 0; attempt < 3; attempt++) {
    const row = await list.find(pid);
    if (row === null) return null;
    if (details === null || row.status === 'zombie') return inform(row, null);
    const found = inform(row, details);
    // The order is the proof: it is the same before and after, so all in between is of this process.
    const after = await list.find(pid);
    if (after !== null && after.identity === row.identity && after.status !== 'zombie') return found;
  }
  return null;
}

function inform(row: ProcessRow, details: Details | null): ProcessInfo {
  const { pid, ppid, pgid, uid, status, startMicros, identity } = row;
  const executable = details?.executable(pid) ?? null;
  const commandLine = details?.started(pid)?.commandLine ?? null;
  const cwd = details?.directory(pid) ?? null;
  const sid = details?.session(pid) ?? null;
  return {
    pid,
    ppid,
    startedAt: Math.floor(startMicros / 1_000),
    identity,
    name: nameOf(row, executable),
    executable,
    commandLine,
    cwd,
    user: { id: uid, name: userName(uid) },
    pgid,
    ...(sid !== null && { sid }),
    status,
    rssBytes: row.rssBytes ?? details?.usage(pid)?.rssBytes ?? null,
    visibility: status !== 'zombie' && (commandLine === null || cwd === null) ? 'partial' : 'full',
  };
}

/** The kernel cuts a name at 16 bytes (MAXCOMLEN). */
function nameOf({ name }: ProcessRow, executable: string | null): string {
  const base = executable?.slice(executable.lastIndexOf('/') + 1);
  return base?.startsWith(name) && name !== '' ? base : name;
}

/** What libproc does not tell, as of a process of another user, ps(1) does, which may see all. */
async function sample(
  pid: number,
  list: ProcessList,
  details: Details | null,
  askPs: () => Promise<Reading<ProcessRow>>,
): Promise<ProcessSample | null> {
  const row = details === null ? null : await list.find(pid);
  if (details !== null && (row === null || row.status === 'zombie')) return null;
  const own = details?.usage(pid) ?? null;
  if (row !== null && own !== null) return { ref: { pid, identity: row.identity }, ...own, atMs: monotonicMs() };
  const { rows, atMs } = await askPs();
  const told = rows.find((one) => one.pid === pid && one.status !== 'zombie');
  if (told === undefined || told.cpuMs === null || told.rssBytes === null) return null;
  return { ref: { pid, identity: row?.identity ?? told.identity }, cpuMs: told.cpuMs, rssBytes: told.rssBytes, atMs };
}

async function readVariable(
  pid: number,
  name: string,
  list: ProcessList,
  details: Details,
): Promise<{ value: string; identity: string } | null> {
  const before = await list.find(pid);
  const started = before === null ? null : details.started(pid);
  const value = started === null ? null : findVariable(started.environment, name);
  if (value === null) return null;
  const after = await list.find(pid);
  return after === null || after.identity !== before?.identity ? null : { value, identity: after.identity };
}
