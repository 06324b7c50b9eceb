import fs from 'node:fs';
import { join } from 'node:path';

/** The pids in a cgroup and in those below it (cgroup.procs, cgroups(7)). One that is removed meanwhile has none. */
export function listCgroup(directory: string): number[] {
  const below = readOr([], () => fs.readdirSync(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return [...readPids(directory), ...below.flatMap(({ name }) => listCgroup(join(directory, name)))];
}

function readPids(directory: string): number[] {
  const text = readOr('', () => fs.readFileSync(join(directory, 'cgroup.procs'), 'latin1'));
  return text.split('\n').filter(Boolean).map(Number);
}

/** ENODEV while it is being removed; EOPNOTSUPP where only threads are listed. */
function readOr<Value>(otherwise: Value, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ENODEV', 'EOPNOTSUPP'].includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise;
    throw error;
  }
}
