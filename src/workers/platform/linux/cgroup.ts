import fs from 'node:fs';
import { join } from 'node:path';
import type { GroupUsage } from '../groupUsage.ts';
import { type Mount, parseMountinfo } from '../parse/mountinfo.ts';
import { unifiedPath } from '../parse/procCgroup.ts';

/** The pids in a cgroup and in those below it (cgroup.procs, cgroups(7)). One that is removed meanwhile has none. */
export function listCgroup(directory: string): number[] {
  const below = readOr([], () => fs.readdirSync(directory, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return [...readPids(directory), ...below.flatMap(({ name }) => listCgroup(join(directory, name)))];
}

/** Where a path of the unified hierarchy is mounted, as this process sees it; null where it is not. */
export function unifiedDirectory(path: string): string | null {
  mount ??= parseMountinfo(readText('/proc/self/mountinfo')).findLast(({ fileSystem }) => fileSystem === 'cgroup2');
  if (mount === undefined) return null;
  const below = mount.root === '/' ? path : path.startsWith(mount.root) ? path.slice(mount.root.length) : null;
  return below === null ? null : `${mount.mountPoint}${below}`.replace(/\/$/, '');
}

/** Found once a thread: it is asked for with every look at every service. */
let mount: Mount | undefined;

export function sampleCgroup(pid: number): GroupUsage | null {
  const path = unifiedPath(readText(`/proc/${pid}/cgroup`));
  const [ours] = path === null ? [] : (/^.*\/sidewarden-[^/]+\/[\da-f-]{36}(?=\/|$)/.exec(path) ?? []);
  const directory = ours === undefined ? null : unifiedDirectory(ours);
  return directory === null ? null : readUsage(directory);
}

/** By cgroup-v2.rst: cpu.stat is there without any controller, memory.stat with that of memory alone. */
export function readUsage(directory: string): GroupUsage {
  const cpu = readCounts(join(directory, 'cpu.stat'));
  const memory = readCounts(join(directory, 'memory.stat'));
  const microseconds = cpu.get('usage_usec');
  const [own, mapped] = [memory.get('anon'), memory.get('file_mapped')];
  return {
    pids: listCgroup(directory),
    cpuMs: microseconds === undefined ? null : microseconds / 1_000,
    // Not memory.current, which counts whatever files it has read as well.
    rssBytes: own === undefined || mapped === undefined ? null : own + mapped,
  };
}

function readCounts(file: string): Map<string, number> {
  const lines = readOr('', () => fs.readFileSync(file, 'latin1')).split('\n');
  return new Map(lines.map((line): [string, number] => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]));
}

/** Empty for what is gone, or may not be read: then the relations of processes have to do. */
function readText(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
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
