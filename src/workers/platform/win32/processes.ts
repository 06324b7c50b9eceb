import { access } from '../../../native/win32/processHandle.ts';
import { loadReadParameters } from '../../../native/win32/processParameters.ts';
import { fail } from '../../../protocol/errors.ts';
import type { ProcessInfo } from '../../../protocol/types/process.ts';
import { findInEnvironmentBlock } from '../parse/environmentBlock.ts';
import { filetimeToEpochMs, filetimeToMs } from '../parse/filetime.ts';
import { parseWindowsCommandLine } from '../parse/windowsCommandLine.ts';
import { type Reading, shareReading } from '../sharedReading.ts';
import type { Processes, ProcessSample } from '../types.ts';
import { type HeldProcess, holdProcess, processHandles } from './heldProcess.ts';
import { formatIdentity, sameIdentity } from './identity.ts';
import { identityOf, type ProcessList, type ProcessRow, related } from './processList.ts';
import type { Win32Options } from './tools.ts';
import { userName } from './users.ts';

/**
 * The processes of Windows. One list names them all, with parent, start and memory; what only a process itself knows is read through a
 * handle on it. Without native calls there are no handles, and what the list does not tell is null.
 */
export function createWin32Processes({ native }: Win32Options, list: ProcessList): Processes {
  const hold: TakeHold = native ? holdToRead : () => 'denied';
  const read = shareReading(() => list.list());
  return {
    describe: (pid) => describe(pid, list, hold),
    glimpse: (pid) => describe(pid, list, hold),
    async glimpseHeld(pid) {
      const info = await describe(pid, list, hold);
      return info && { info, handle: null };
    },
    identify: (pid) => identify(pid, list, native),
    listPids: async () => (await list.list()).map(({ pid }) => pid),
    readParents: async () => new Map(related(await list.list()).map(({ pid, ppid }) => [pid, ppid])),
    sample: (pid) => sample(pid, read),
    sameIdentity,
    // Windows has neither units nor cgroups; what runs in WSL or a container is in another system.
    readPlacement: async (pid) => ((await identify(pid, list, native)) === null ? null : { container: null, unit: null }),
    readVariable: (pid, name) => (native ? readVariable(pid, name) : null),
    listCgroup: () => [],
    sampleCgroup: () => null,
    whyNoGroups: () =>
      fail('Unsupported', 'Windows has no process groups or sessions of this kind; name the root of a tree, or an ownerTag.', {
        capability: 'processGroup',
        platform: 'win32',
      }),
  };
}

type TakeHold = (pid: number) => HeldProcess | 'denied' | null;

/** The handle comes before the list: while it is open the pid is its own, so a row with the same start is of the same process. */
async function describe(pid: number, list: ProcessList, hold: TakeHold): Promise<ProcessInfo | null> {
  const held = hold(pid);
  if (held === null) return null;
  try {
    const row = await list.find(pid);
    return row === null || (held !== 'denied' && row.created !== held.created) ? null : inform(row, held);
  } finally {
    if (held !== 'denied') held.close();
  }
}

/** With the right to read its memory where we have it. */
function holdToRead(pid: number): HeldProcess | 'denied' | null {
  const held = holdProcess(pid, access.query | access.readMemory);
  return held === 'denied' ? holdProcess(pid) : held;
}

function inform(row: ProcessRow, held: HeldProcess | 'denied'): ProcessInfo {
  const handle = held === 'denied' ? null : held.handle;
  const own = handle === null ? null : (loadReadParameters()?.(handle, { environment: false }) ?? null);
  const commandLine = own?.commandLine ?? row.commandLine;
  const user = handle === null ? null : userName(handle);
  return {
    pid: row.pid,
    ppid: row.ppid,
    startedAt: Math.max(0, filetimeToEpochMs(row.created)),
    identity: identityOf(row),
    name: row.name,
    executable: handle === null ? row.executable : processHandles().image(handle),
    commandLine: commandLine === null ? null : parseWindowsCommandLine(commandLine),
    cwd: own?.directory == null ? null : withoutLastSeparator(own.directory),
    user: user === null ? null : { name: user },
    status: row.isSuspended ? 'stopped' : 'running',
    rssBytes: row.workingSetBytes,
    visibility: own === null ? 'partial' : 'full',
  };
}

/** Windows keeps a directory with a backslash at its end; only a root has to have it. */
const withoutLastSeparator = (directory: string): string => (/^[A-Za-z]:\\$/.test(directory) ? directory : directory.replace(/\\$/, ''));

async function identify(pid: number, list: ProcessList, native: boolean): Promise<string | null> {
  const held = native ? holdProcess(pid) : 'denied';
  if (held === null) return null;
  if (held === 'denied') {
    const row = await list.find(pid);
    return row === null ? null : identityOf(row);
  }
  held.close();
  return formatIdentity(held);
}

/** From the list; a tree is sampled by one reading of it, also by whoever asks while that is under way. */
async function sample(pid: number, read: () => Promise<Reading<ProcessRow>>): Promise<ProcessSample | null> {
  const { rows, atMs } = await read();
  const row = rows.find((one) => one.pid === pid);
  if (row === undefined || row.cpu === null || row.workingSetBytes === null) return null;
  return { ref: { pid, identity: identityOf(row) }, cpuMs: filetimeToMs(row.cpu), rssBytes: row.workingSetBytes, atMs };
}

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
