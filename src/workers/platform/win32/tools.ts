import { systemDirectory } from '../../../native/win32/systemDirectory.ts';
import { runTool, runToolHere, type ToolEnd, type ToolOrder } from '../../exec.ts';

/** Where the tools of Windows are; they belong to the system. */
export interface Tools {
  netsh: string;
  netstat: string;
}

/** Looked up with the first question, so that whoever asks none pays nothing. */
export function systemTools(): Tools {
  found ??= toolsIn(systemDirectory() ?? directoryOfReport());
  return found;
}
let found: Tools | undefined;

const toolsIn = (directory: string): Tools => ({ netsh: `${directory}\\netsh.exe`, netstat: `${directory}\\netstat.exe` });

export type ToolName = keyof Tools;

/** What cannot be looked at without the tool. */
const capabilities: Record<ToolName, string> = { netsh: 'portRules', netstat: 'sockets' };

export const ask = (tools: Tools, name: ToolName, args: readonly string[]): Promise<ToolEnd> => runTool(orderOf(tools, name, args));

export const askHere = (tools: Tools, name: ToolName, args: readonly string[]): ToolEnd => runToolHere(orderOf(tools, name, args));

function orderOf(tools: Tools, name: ToolName, args: readonly string[]): ToolOrder {
  return { path: tools[name], args, about: aboutTool(name) };
}

export const aboutTool = (name: ToolName) => ({ capability: capabilities[name], platform: 'win32' });

/** Only ASCII of what it prints means anything: the rest is of a code page. */
export const textOf = ({ stdout }: ToolEnd): string => Buffer.from(stdout).toString('latin1');

/** What one that was run has to say of how it ended. */
export const complaint = (tool: string, { code, stderr }: ToolEnd): string =>
  `${tool} ended with ${code}${stderr.trim() === '' ? '' : ` (${stderr.trim().split('\n', 1)[0]})`}`;

/** Without native calls: where the library is that every process has, so that no environment decides which program is run. */
function directoryOfReport(): string {
  const { report } = process;
  // Else it looks up the names of those we are connected with.
  Object.assign(report, { excludeNetwork: true });
  const { sharedObjects = [] } = report.getReport() as { sharedObjects?: string[] };
  const library = sharedObjects.find((path) => /\\ntdll\.dll$/i.test(path));
  return library?.replace(/\\[^\\]*$/, '') ?? 'C:\\Windows\\System32';
}
