import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/*
 * Control groups, version 2 (cgroups(7); Documentation/admin-guide/cgroup-v2.rst): directories that hold processes. Whatever a
 * process starts is in its group, wherever it goes and whatever it forgets.
 */

/** Its parent too. */
export async function makeCgroup(directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
}

/** SIGKILL to all that is in it and below it, at once (cgroup.kill, Linux 5.14). False where the kernel cannot, or it is gone. */
export async function killCgroup(directory: string): Promise<boolean> {
  return writeFile(join(directory, 'cgroup.kill'), '1').then(
    () => true,
    () => false,
  );
}

/** True when it is gone: the kernel removes none in which, or below which, anything lives. */
export async function removeIfEmpty(directory: string): Promise<boolean> {
  return rmdir(directory).then(
    () => true,
    () => false,
  );
}

/** It and those below it, as far as they are empty; then its parent, if that is. */
export async function removeCgroup(directory: string): Promise<void> {
  await removeAll(directory);
  await rmdir(join(directory, '..')).catch(() => {});
}

async function removeAll(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) if (entry.isDirectory()) await removeAll(join(directory, entry.name));
  await rmdir(directory).catch(() => {});
}

/** Whether this process is in it. */
export async function isInCgroup(pid: number, directory: string): Promise<boolean> {
  const text = await readFile(join(directory, 'cgroup.procs'), 'utf8').catch(() => '');
  return text.split('\n').includes(String(pid));
}
