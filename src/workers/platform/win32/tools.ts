import { systemDirectory } from '../../../native/win32/systemDirectory.ts';
import { runTool, runToolHere, type ToolEnd, type ToolOrder } from '../../exec.ts';

/** Where the tools of Windows are; they belong to the system. */
export interface Tools {
  netsh: string;
  netstat: string;
  powershell: string;
  taskkill: string;
  tasklist: string;
}

/** Looked up with the first question, so that whoever asks none pays nothing. */
export function systemTools(): Tools {
  found ??= toolsIn(systemDirectory() ?? directoryOfReport());
  return found;
}
let found: Tools | undefined;

const toolsIn = (directory: string): Tools => ({
  netsh: `${directory}\\netsh.exe`,
  netstat: `${directory}\\netstat.exe`,
  powershell: `${directory}\\WindowsPowerShell\\v1.0\\powershell.exe`,
  taskkill: `${directory}\\taskkill.exe`,
  tasklist: `${directory}\\tasklist.exe`,
});

export type ToolName = keyof Tools;

export interface Win32Options {
  native: boolean;
  tools: Tools;
}

/** What cannot be looked at without the tool. */
const capabilities: Record<ToolName, string> = {
  netsh: 'portRules',
  netstat: 'sockets',
  powershell: 'processes',
  taskkill: 'signals',
  tasklist: 'portOwners',
};

/** PowerShell takes half a second to start, and many times that where it has not run for long, or something scans what it loads. */
const slow: Partial<Record<ToolName, number>> = { powershell: 20_000 };

export const ask = (tools: Tools, name: ToolName, args: readonly string[]): Promise<ToolEnd> => runTool(orderOf(tools, name, args));

export const askHere = (tools: Tools, name: ToolName, args: readonly string[]): ToolEnd => runToolHere(orderOf(tools, name, args));

function orderOf(tools: Tools, name: ToolName, args: readonly string[]): ToolOrder {
  const timeoutMs = slow[name];
  return { path: tools[name], args, about: aboutTool(name), ...(timeoutMs !== undefined && { timeoutMs }) };
}

export const aboutTool = (name: ToolName) => ({ capability: capabilities[name], platform: 'win32' });

/** Only ASCII of what it prints means anything: the rest is of a code page. */
export const textOf = ({ stdout }: ToolEnd): string => Buffer.from(stdout).toString('latin1');

/** Without native calls: where the library is that every process has, so that no environment decides which program is run. */
function directoryOfReport(): string {
  const { report } = process;
  // Else it looks up the names of those we are connected with.
  Object.assign(report, { excludeNetwork: true });
  const { sharedObjects = [] } = report.getReport() as { sharedObjects?: string[] };
  const library = sharedObjects.find((path) => /\\ntdll\.dll$/i.test(path));
  return library?.replace(/\\[^\\]*$/, '') ?? 'C:\\Windows\\System32';
}
