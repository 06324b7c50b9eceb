import { readFileSync } from 'node:fs';
import type { TestSidecar } from './sidecar.ts';

/** The pid of what guards a sidecar’s services; null where nothing does. */
export function findGuard(sidecarPid: number): number | null {
  const children = readFileSync(`/proc/${sidecarPid}/task/${sidecarPid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return children.find((pid) => readCommandLine(pid).includes('sidewarden-guard')) ?? null;
}

/** Kills a sidecar and its guard, which would end within seconds what its sidecar has left. */
export async function killWithGuard({ pid, child, exited }: TestSidecar): Promise<void> {
  const guard = findGuard(pid);
  if (guard !== null) process.kill(guard, 'SIGSTOP');
  child.kill('SIGKILL');
  await exited;
  if (guard !== null) process.kill(guard, 'SIGKILL');
}

function readCommandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
