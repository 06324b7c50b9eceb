import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of a process now. */
export function residentBytes(pid: number): number {
  return field(`/proc/${pid}/status`, 'VmRSS') * 1024;
}

/** How often all its threads together have gone to sleep by themselves: each time, something woke them before. */
export function wakeups(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => field(`/proc/${pid}/task/${thread}/status`, 'voluntary_ctxt_switches'))
    .reduce((sum, count) => sum + count, 0);
}

/** CPU time that it has used so far, user and system; a tick is 10 ms on every Linux that Node runs on. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number) as [number, number];
  return (user + system) * 10;
}

function field(path: string, name: string): number {
  const value = new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(readFileSync(path, 'utf8'))?.[1];
  if (value === undefined) throw new Error(`${path} does not tell ${name}.`);
  return Number(value);
}
