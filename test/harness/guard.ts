import { readFileSync } from 'node:fs';
import { parseProcStat } from '../../src/workers/platform/parse/procStat.ts';
import type { TestSidecar } from './sidecar.ts';
import { until } from './until.ts';

/** The pid of what guards a sidecar’s services; null where nothing does. */
export const findGuard = (sidecarPid: number): number | null => findShell(sidecarPid, 'sidewarden-guard');

/** The pid of what does so when the sidecar and its guard have ended. */
export const findDeputy = (sidecarPid: number): number | null => findShell(sidecarPid, 'sidewarden-deputy');

/** Kills a sidecar, its guard and the deputy, which would end within seconds what their sidecar has left. */
export async function killWithGuards({ pid, child, exited }: Killed): Promise<void> {
  const guard = findGuard(pid);
  // Nobody waits for the start of the deputy.
  const guards = guard === null ? [] : [guard, await until(() => findDeputy(pid), 'the deputy')];
  for (const one of guards) process.kill(one, 'SIGSTOP');
  child.kill('SIGKILL');
  await exited;
  // The deputy wakes a guard that was stopped, and is itself woken by nobody.
  for (const one of guards) process.kill(one, 'SIGKILL');
}

interface Killed extends Pick<TestSidecar, 'pid' | 'child'> {
  exited: Promise<unknown>;
}

/** Not what a guard that was killed had started, which comes to the sidecar as an orphan. */
function findShell(sidecarPid: number, name: string): number | null {
  const children = read(`/proc/${sidecarPid}/task/${sidecarPid}/children`).split(' ').filter(Boolean).map(Number);
  return children.find((pid) => read(`/proc/${pid}/cmdline`).split('\0').includes(name) && leadsSession(pid)) ?? null;
}

const leadsSession = (pid: number) => parseProcStat(Buffer.from(read(`/proc/${pid}/stat`)))?.sid === pid;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
