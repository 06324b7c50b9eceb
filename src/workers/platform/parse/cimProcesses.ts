/** A process as Win32_Process describes it. What the class does not tell of it, as of one of another user, is null. */
export interface CimProcess {
  pid: number;
  /** Who started it; that pid may be another’s by now. */
  ppid: number;
  name: string;
  /** In units of 100 ns since 1601, of which the class tells whole microseconds. */
  created: bigint | null;
  executable: string | null;
  commandLine: string | null;
  /** User and kernel time used, in units of 100 ns. */
  cpu: bigint | null;
  workingSetBytes: number | null;
}

/**
 * What PowerShell is told to do (5.1, which is part of Windows, and later): one JSON text of Win32_Process, of all or of these pids, which
 * have to be numbers. Names of classes, members and operators are the same in every language, and numbers are printed as such. Written
 * as bytes, for what goes through a console is of its code page. PowerShell itself, and what serves its console, is left out.
 */
export function cimProcessScript(pids: readonly number[] | null): string {
  const filter = pids === null ? '' : ` -Filter '${pids.map((pid) => `ProcessId=${pid}`).join(' OR ')}'`;
  return [
    `$ErrorActionPreference='Stop'`,
    `$rows=@(Get-CimInstance -ClassName Win32_Process -Property ${members.join(',')}${filter}` +
      ` | Where-Object {$_.ProcessId -ne $PID -and $_.ParentProcessId -ne $PID} | Select-Object ${columns.join(',')})`,
    `$bytes=[Text.Encoding]::UTF8.GetBytes((ConvertTo-Json -Compress -InputObject $rows))`,
    `$out=[Console]::OpenStandardOutput()`,
    `$out.Write($bytes,0,$bytes.Length)`,
    `$out.Flush()`,
  ].join('; ');
}

const members = [
  'ProcessId',
  'ParentProcessId',
  'Name',
  'CreationDate',
  'ExecutablePath',
  'CommandLine',
  'KernelModeTime',
  'UserModeTime',
  'WorkingSetSize',
];

/** As text what may pass 2^53: a cast to [string] knows no culture. */
const columns = [
  'ProcessId',
  'ParentProcessId',
  'Name',
  'ExecutablePath',
  'CommandLine',
  `@{n='Created';e={if($_.CreationDate){[string]$_.CreationDate.ToFileTimeUtc()}}}`,
  `@{n='Cpu';e={[string]($_.KernelModeTime+$_.UserModeTime)}}`,
  `@{n='WorkingSet';e={[string]$_.WorkingSetSize}}`,
];

/** Reads what the script prints. Throws for anything else, a cut text as well: then nobody has looked. Pid 0 is no process. */
export function parseCimProcesses(text: string): CimProcess[] {
  const told: unknown = JSON.parse(text);
  // An array that PowerShell 5 has wrapped once.
  const rows = isObject(told) && Array.isArray(told['value']) ? told['value'] : told;
  if (!Array.isArray(rows)) throw new Error('no list of processes');
  return rows.map(parseRow).filter(({ pid }) => pid !== 0);
}

function parseRow(row: unknown): CimProcess {
  if (!isObject(row)) throw new Error('no process');
  const { ProcessId, ParentProcessId, Name, ExecutablePath, CommandLine, Created, Cpu, WorkingSet } = row;
  const workingSet = toBigInt(WorkingSet);
  return {
    pid: toPid(ProcessId),
    ppid: toPid(ParentProcessId),
    name: toText(Name) ?? '',
    created: toBigInt(Created),
    executable: toText(ExecutablePath),
    commandLine: toText(CommandLine),
    cpu: toBigInt(Cpu),
    workingSetBytes: workingSet === null ? null : Number(workingSet),
  };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function toPid(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw new Error(`no pid: ${JSON.stringify(value)}`);
}

const toText = (value: unknown): string | null => (typeof value === 'string' ? value.toWellFormed() : null);

const toBigInt = (value: unknown): bigint | null => (typeof value === 'string' && /^\d{1,19}$/.test(value) ? BigInt(value) : null);
