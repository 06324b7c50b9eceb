import { runTool, runToolHere, type ToolEnd, type ToolOrder } from '../../exec.ts';

/** Where the tools of macOS are; they belong to the system and are at the same place on every Mac. */
export interface Tools {
  ps: string;
  lsof: string;
  netstat: string;
  sysctl: string;
}

export const systemTools: Tools = { ps: '/bin/ps', lsof: '/usr/sbin/lsof', netstat: '/usr/sbin/netstat', sysctl: '/usr/sbin/sysctl' };

export type ToolName = keyof Tools;

export interface DarwinOptions {
  native: boolean;
  tools: Tools;
}

/** What cannot be looked at without the tool. */
const capabilities: Record<ToolName, string> = { ps: 'processes', lsof: 'portOwners', netstat: 'sockets', sysctl: 'portRules' };

export const ask = (tools: Tools, name: ToolName, args: readonly string[]): Promise<ToolEnd> => runTool(orderOf(tools, name, args));

export const askHere = (tools: Tools, name: ToolName, args: readonly string[]): ToolEnd => runToolHere(orderOf(tools, name, args));

function orderOf(tools: Tools, name: ToolName, args: readonly string[]): ToolOrder {
  return { path: tools[name], args, about: aboutTool(name) };
}

export const aboutTool = (name: ToolName) => ({ capability: capabilities[name], platform: 'darwin' });
