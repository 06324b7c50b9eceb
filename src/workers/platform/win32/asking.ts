import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { access } from '../../../native/win32/processHandle.ts';
import { loadReadParameters } from '../../../native/win32/processParameters.ts';
import { loadTopLevelWindows } from '../../../native/win32/topLevelWindows.ts';
import type { Asked, Rung, Way } from '../types.ts';
import { holdProcess } from './heldProcess.ts';
import { formatIdentity, sameIdentity } from './identity.ts';

/**
 * The two ways in which Windows can ask a program to end. Ctrl-Break, where it has a console that only those use which are ended
 * with it; else, or behind that, WM_CLOSE, where it has windows. Null for whoever has neither, or was asked in all that it has.
 */
export function askToEnd({ targets, others }: Asked): (Rung | null)[] {
  const held = targets.map(({ pid, identity, tried = [] }) => {
    const found = holdProcess(pid, access.query | access.readMemory);
    return found === null || found === 'denied' ? null : { ...found, tried, isMeant: sameIdentity(formatIdentity(found), identity) };
  });
  try {
    const meant = held.map((one) => (one?.isMeant && !one.hasEnded() ? one : null));
    const withConsole = meant.flatMap((one) => (one !== null && !one.tried.includes('ctrlBreak') && hasConsole(one.handle) ? one.pid : []));
    const broken = breakConsoles(withConsole, [...others, ...meant.flatMap((one) => one?.pid ?? [])]);
    const windows = meant.some((one) => one !== null && !broken.has(one.pid)) ? loadTopLevelWindows() : null;
    const listed = windows?.list();
    return meant.map((one) => {
      if (one === null) return null;
      if (broken.has(one.pid)) return 'ctrlBreak';
      const closed = (listed?.get(one.pid) ?? []).map((window) => windows?.close(window) === true);
      return closed.includes(true) ? 'wmClose' : null;
    });
  } finally {
    for (const one of held) one?.close();
  }
}

/** Whether others use its console as well only whoever joins that can tell. */
export function foreseeWays(pid: number): Way[] {
  const held = holdProcess(pid, access.query | access.readMemory);
  if (held === null || held === 'denied') return [];
  try {
    const ways: Way[] = [];
    if (hasConsole(held.handle)) ways.push({ rung: 'ctrlBreak', isSure: false });
    if (loadTopLevelWindows()?.list().has(pid)) ways.push({ rung: 'wmClose', isSure: true });
    return ways;
  } finally {
    held.close();
  }
}

/** As it was started: one that cannot be told has none. */
const hasConsole = (handle: number): boolean => loadReadParameters()?.(handle, { environment: false })?.hasConsole ?? false;

/** Who got Ctrl-Break; `allowed` may get it as well. The handles that are held meanwhile keep the pids from becoming others’. */
function breakConsoles(targets: number[], allowed: number[]): Set<number> {
  if (targets.length === 0) return new Set();
  const { stdout, status } = spawnSync(process.execPath, [fileURLToPath(helper)], {
    input: JSON.stringify({ targets, allowed }),
    encoding: 'utf8',
    timeout: longestHelpMs,
    windowsHide: true,
  });
  return readReached(stdout ?? '', status === STATUS_CONTROL_C_EXIT);
}

const longestHelpMs = 10_000;

/** What Windows gives a program that Ctrl-Break has ended (ntstatus.h). */
const STATUS_CONTROL_C_EXIT = 0xc000_013a;

/** Whom the helper has reached, by what it wrote; one that was ended by its own Ctrl-Break could not say so any more. */
export function readReached(text: string, wasBroken: boolean): Set<number> {
  const reached = new Set<number>();
  const lines = text.split('\n').filter((line) => line !== '');
  lines.forEach((line, place) => {
    const next = lines[place + 1] ?? (wasBroken ? 'sent' : 'refused');
    if (line.startsWith('to ') && next === 'sent') for (const pid of line.slice(3).split(' ')) reached.add(Number(pid));
  });
  return reached;
}

/** Beside us in the bundle, in its own room in the source tree. */
const helper = new URL(import.meta.url.endsWith('.ts') ? '../../../native/win32/breakConsoles.ts' : './breakConsoles.js', import.meta.url);
