import { access } from '../../../native/win32/processHandle.ts';
import { loadReadParameters } from '../../../native/win32/processParameters.ts';
import { fail } from '../../../protocol/errors.ts';
import type { ProcessInfo } from '../../../protocol/types/process.ts';
import { findInEnvironmentBlock } from '../parse/environmentBlock.ts';
import { filetimeToEpochMs, filetimeToMs } from '../parse/filetime.ts';
import type { SystemProcess } from '../parse/systemProcesses.ts';
import { parseWindowsCommandLine } from '../parse/windowsCommandLine.ts';
import type { Processes, ProcessSample } from '../types.ts';
import { type HeldProcess, holdProcess, processHandles } from './heldProcess.ts';
import { formatIdentity, sameIdentity } from './identity.ts';
import { listRelated, listSystemProcesses } from './processList.ts';
import { userOf } from './users.ts';

/**
 * The processes of Windows. One list of the kernel names them all, with parent, start and memory; what only a process itself knows is
 * read through a handle on it.
 */
export function createWin32Processes(): Processes {
  return {
    describe,
    glimpse: describe,
    glimpseHeld(pid) {
      const info = describe(pid);
      return info && { info, handle: null };
    },
    identify,
    listPids: () => listSystemProcesses().map(({ pid }) => pid),
    readParents: () => new Map(listRelated().map(({ pid, ppid }) => [pid, ppid])),
    sample,
    sameIdentity,
    // Windows has neither units nor cgroups; what runs in WSL or a container is in another system.
    readPlacement: (pid) => (exists(pid) ? { container: null, unit: null } : null),
    readVariable,
    listCgroup: () => [],
    sampleCgroup: () => null,
    whyNoGroups: () =>
      fail('Unsupported', 'Windows has no process groups or sessions of this kind; name the root of a tree, or an ownerTag.', {
        capability: 'processGroup',
        platform: 'win32',
      }),
  };
}

/** The handle comes before the list: while it is open the pid is its own, so a row with the same start is of the same process. */
function describe(pid: number): ProcessInfo | null {
  const held = holdToRead(pid);
  if (held === null) return null;
  try {
    const row = listSystemProcesses().find((one) => one.pid === pid && (held === 'denied' || one.created === held.created));
    return row === undefined ? null : inform(row, held);
  } finally {
    if (held !== 'denied') held.close();
  }
}

/** With the right to read its memory where we have it. */
function holdToRead(pid: number): HeldProcess | 'denied' | null {
  const held = holdProcess(pid, access.query | access.readMemory);
  return held === 'denied' ? holdProcess(pid) : held;
}

function inform(row: SystemProcess, held: HeldProcess | 'denied'): ProcessInfo {
  const handle = held === 'denied' ? null : held.handle;
  const own = handle === null ? null : (loadReadParameters()?.(handle, { environment: false }) ?? null);
  return {
    pid: row.pid,
    ppid: row.ppid,
    startedAt: Math.max(0, filetimeToEpochMs(row.created)),
    identity: formatIdentity(row),
    name: row.name,
    executable: handle === null ? null : processHandles().image(handle),
    commandLine: own?.commandLine == null ? null : parseWindowsCommandLine(own.commandLine),
    cwd: own?.directory == null ? null : withoutLastSeparator(own.directory),
    user: handle === null ? null : userOf(handle),
    status: row.isSuspended ? 'stopped' : 'running',
    rssBytes: row.workingSetBytes,
    visibility: own === null ? 'partial' : 'full',
  };
}

/** Windows keeps a directory with a backslash at its end; only a root has to have it. */
const withoutLastSeparator = (directory: string): string => (/^[A-Za-z]:\\$/.test(directory) ? directory : directory.replace(/\\$/, ''));

function identify(pid: number): string | null {
  const held = holdProcess(pid);
  if (held === null) return null;
  if (held === 'denied') {
    const row = listSystemProcesses().find((one) => one.pid === pid);
    return row === undefined ? null : formatIdentity(row);
  }
  held.close();
  return formatIdentity(held);
}

function exists(pid: number): boolean {
  return identify(pid) !== null;
}

/** From the list, which is exact for all; a tree is sampled by one reading of it. */
function sample(pid: number): ProcessSample | null {
  if (reading === null || monotonicMs() - reading.atMs > sharedReadingMs) reading = { rows: listSystemProcesses(), atMs: monotonicMs() };
  const { rows, atMs } = reading;
  const row = rows.find((one) => one.pid === pid);
  if (row === undefined) return null;
  return { ref: { pid, identity: formatIdentity(row) }, cpuMs: filetimeToMs(row.cpu), rssBytes: row.workingSetBytes, atMs };
}
let reading: { rows: SystemProcess[]; atMs: number } | null = null;
const sharedReadingMs = 5;

/** The same in every thread, where performance.now() begins with the thread. */
const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1_000_000;

function readVariable(pid: number, name: string): { value: string; identity: string } | null {
  const held = holdProcess(pid, access.query | access.readMemory);
  if (held === null || held === 'denied') return null;
  try {
    const block = loadReadParameters()?.(held.handle, { environment: true })?.environment ?? null;
    const value = block === null ? null : findInEnvironmentBlock(block, name);
    return value === null ? null : { value, identity: formatIdentity(held) };
  } finally {
    held.close();
  }
}
