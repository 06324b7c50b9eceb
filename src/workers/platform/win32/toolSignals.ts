import { SidewardenError } from '../../../protocol/errors.ts';
import type { Asked, Hold, Rung, SignalAnswer, Signals } from '../types.ts';
import { sameIdentity } from './identity.ts';
import { identityOf, kinOf, type ProcessList, type ProcessRow } from './processList.ts';
import { askHere, type Tools } from './tools.ts';

/**
 * Without native calls nothing holds a process: who is ended is checked right before (`killIdentity: checked`), by a look that PowerShell
 * took up to half a second ago; the pid would have to come around in that time. Nobody can be stopped meanwhile.
 */
export function createToolSignals(tools: Tools, list: ProcessList): Signals {
  return {
    hold: (pid, identity) => hold(pid, identity, list),
    release() {},
    send: ({ pid, identity }, signal) => (signal === 'SIGKILL' ? terminate(pid, identity, tools, list) : 'noWay'),
    rung: () => 'terminate',
    readKin: () => kinOf(list.listHere()),
    atRest: () => ({ isStopped: false, isAlone: () => false }),
    awaitEnds: () => new Set(),
    asking: { ask: (asked) => askToEnd(asked, tools, list), foresee: () => [{ rung: 'wmClose', isSure: false }] },
  };
}

function hold(pid: number, identity: string, list: ProcessList): Hold {
  const row = findHere(pid, list);
  if (row === null) return { kind: 'gone' };
  if (row === 'hidden') return { kind: 'denied' };
  return sameIdentity(identity, identityOf(row)) ? { kind: 'held', handle: null } : { kind: 'identityMismatch' };
}

function findHere(pid: number, list: ProcessList): ProcessRow | 'hidden' | null {
  try {
    return list.findHere(pid);
  } catch (error) {
    if (error instanceof SidewardenError && error.failure.kind === 'PermissionDenied') return 'hidden';
    throw error;
  }
}

/** Node calls TerminateProcess itself, at once. Where it may not, taskkill can, which uses the rights of an administrator that Node leaves alone. */
function terminate(pid: number, identity: string, tools: Tools, list: ProcessList): SignalAnswer {
  const found = hold(pid, identity, list);
  if (found.kind !== 'held') return found.kind === 'zombie' ? 'gone' : found.kind;
  try {
    process.kill(pid, 'SIGKILL');
    return 'sent';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return 'gone';
    if (code !== 'EPERM') throw error;
  }
  if (askHere(tools, 'taskkill', ['/F', '/PID', String(pid)]).code === 0) return 'sent';
  // Why it did not is said in words of a language; whether it is still there is not.
  const row = list.listHere().find((one) => one.pid === pid);
  return row !== undefined && sameIdentity(identity, identityOf(row)) ? 'denied' : 'gone';
}

/** WM_CLOSE by taskkill, which says by its exit code alone whether there was a window to send it to. */
function askToEnd({ targets, others }: Asked, tools: Tools, list: ProcessList): (Rung | null)[] {
  const rows = list.listHere();
  const mayHear = new Set([...others, ...targets.map(({ pid }) => pid)]);
  return targets.map(({ pid, identity }) => {
    const row = rows.find((one) => one.pid === pid);
    const isMeant = row !== undefined && sameIdentity(identity, identityOf(row));
    return isMeant && !hasStrangersBelow(pid, rows, mayHear) && closeWindows(pid, tools) ? 'wmClose' : null;
  });
}

/** The window of a console is said to be its program’s, and closing it ends whoever uses that console: what the program has started. */
function hasStrangersBelow(pid: number, rows: readonly ProcessRow[], mayHear: ReadonlySet<number>): boolean {
  const below = new Set([pid]);
  for (let before = 0; before !== below.size; ) {
    before = below.size;
    for (const row of rows) if (below.has(row.ppid) && row.name.toLowerCase() !== 'conhost.exe') below.add(row.pid);
  }
  return [...below].some((one) => !mayHear.has(one));
}

function closeWindows(pid: number, tools: Tools): boolean {
  try {
    return askHere(tools, 'taskkill', ['/PID', String(pid)]).code === 0;
  } catch (error) {
    // One that cannot be asked is left to what comes behind.
    if (error instanceof SidewardenError) return false;
    throw error;
  }
}
