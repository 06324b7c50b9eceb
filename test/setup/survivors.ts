import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/*
 * Once a run: a process that outlives the tests which started it fails the run. It is known by a cookie in its
 * environment, which a daemon that left our process tree still carries, and by its ancestors where a test gave it an
 * environment of its own. A port that stays open belongs to such a process, or to a test file (openHandles.ts).
 */

export const cookieName = 'SIDEWARDEN_TEST_RUN';

export interface Survivor {
  pid: number;
  commandLine: string;
}

export function setup(): () => Promise<void> {
  if (process.platform !== 'linux') return async () => {};
  // Every project of a run comes through here, and they share one environment.
  process.env[cookieName] ??= `${process.pid}-${Date.now()}`;
  const cookie = process.env[cookieName];
  return () => failOnSurvivors(cookie);
}

async function failOnSurvivors(cookie: string): Promise<void> {
  const survivors = await untilNone(() => listSurvivors(cookie));
  if (survivors.length === 0) return;
  for (const { pid } of survivors) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended in the meantime.
    }
  }
  const lines = survivors.map(({ pid, commandLine }) => `  ${pid}  ${commandLine}`);
  throw new Error(`${survivors.length} process(es) outlived the tests that started them (killed now):\n${lines.join('\n')}`);
}

/** What is on its way out gets a moment: its parent may have been killed just now. */
async function untilNone(list: () => Survivor[]): Promise<Survivor[]> {
  const deadline = performance.now() + 5_000;
  for (;;) {
    const survivors = list();
    if (survivors.length === 0 || performance.now() > deadline) return survivors;
    await sleep(50);
  }
}

/** Processes with the cookie, or below this one; vitest’s own workers and zombies are none. */
export function listSurvivors(cookie: string): Survivor[] {
  const parents = new Map(readPids().map((pid) => [pid, readParent(pid)]));
  return [...parents.keys()]
    .filter((pid) => pid !== process.pid && parents.get(pid) !== null)
    .filter((pid) => isBelow(pid, process.pid, parents) || hasCookie(pid, cookie))
    .map((pid) => ({ pid, commandLine: readCommandLine(pid) }))
    .filter(({ commandLine }) => commandLine !== '' && !/[\\/]vitest[\\/]/.test(commandLine) && !isTool(commandLine));
}

/** What vitest keeps running beside its workers. */
const isTool = (commandLine: string) => commandLine === 'vitest-watchdog' || /--service=|[\\/]rolldown[\\/]/.test(commandLine);

function readPids(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/** Null for a process that is gone or a zombie. */
function readParent(pid: number): number | null {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  // The name, in parentheses, may itself contain parentheses and blanks.
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return parent === undefined || state === 'Z' || state === 'X' ? null : Number(parent);
}

function isBelow(pid: number, ancestor: number, parents: Map<number, number | null>): boolean {
  for (let parent = parents.get(pid); parent !== undefined && parent !== null && parent > 0; parent = parents.get(parent)) {
    if (parent === ancestor) return true;
  }
  return false;
}

/** Living processes whose environment holds this, zombies left out. */
export function listCarriers(name: string, value: string): number[] {
  return readPids().filter((pid) => pid !== process.pid && readParent(pid) !== null && carries(pid, name, value));
}

const hasCookie = (pid: number, cookie: string) => carries(pid, cookieName, cookie);

const carries = (pid: number, name: string, value: string) => readOrEmpty(`/proc/${pid}/environ`).split('\0').includes(`${name}=${value}`);

const readCommandLine = (pid: number) => readOrEmpty(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
