import { readProcessList } from '../../../native/win32/processList.ts';
import { parseSystemProcesses, type SystemProcess } from '../parse/systemProcesses.ts';
import { holdProcess } from './heldProcess.ts';

/** All processes of this machine, of other users too; neither the idle process nor one that has ended while somebody holds it open. */
export function listSystemProcesses(): SystemProcess[] {
  const list = readProcessList();
  if (list === null) throw new Error('there are no native calls');
  return parseSystemProcesses(list.bytes, list.address).filter((row) => row.pid !== IDLE && (row.threads > 0 || !hasEnded(row.pid)));
}

/**
 * Those of which trees are made. What serves a console (conhost.exe) is a child of the program that has it, ends with the last that
 * uses it, and takes them along if it is ended before, so it counts as part of it and not as one more.
 */
export function listRelated(): SystemProcess[] {
  const all = listSystemProcesses();
  const parents = new Set(all.map(({ ppid }) => ppid));
  return all.filter(({ name, pid }) => name.toLowerCase() !== 'conhost.exe' || parents.has(pid));
}

/** Without a thread it has ended, or is one of the kernel’s own, which cannot be opened. */
const hasEnded = (pid: number): boolean => {
  const held = holdProcess(pid);
  if (held !== null && held !== 'denied') held.close();
  return held === null;
};

const IDLE = 0;
