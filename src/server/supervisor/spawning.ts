import type { Log } from '../../log.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import { isCgroupEntry } from '../os/cgroupEntry.ts';
import type { FollowedFile } from '../os/followedFile.ts';
import type { Child, FoundProgram, SpawnChild } from '../os/spawn.ts';
import type { ServiceOutput } from './output/output.ts';
import { type OwnFileParts, openOwnFile } from './output/ownFile.ts';
import type { AssignedPort } from './servicePorts.ts';
import type { DescribeProcess } from './started.ts';
import { type Around, surroundings } from './surroundings.ts';

export interface SpawningOrder {
  startId: string;
  found: FoundProgram;
  cgroup: string | null;
  output: ServiceOutput;
  ports: readonly AssignedPort[];
}

/** Starts the program of a service, and begins to read what it writes: from its pipes, or from the file that it writes itself. Throws SpawnFailed. */
export async function spawnService(
  { startId, found, cgroup, output, ports }: SpawningOrder,
  parts: Omit<OwnFileParts, 'output'> & Around & { spawnChild: SpawnChild },
): Promise<{ child: Child; file: FollowedFile | null }> {
  const { spec, spawnChild } = parts;
  const ownFile = spec.persistent ? await openOwnFile({ ...parts, output }) : null;
  const order = {
    command: spec.command,
    found,
    stdin: spec.stdin,
    output: ownFile?.fd ?? ('pipes' as const),
    descriptors: ports.flatMap(({ fd }) => fd ?? []),
    cgroup,
    ...surroundings(spec, parts, startId, ports),
  };
  const child = await spawnChild(order).catch(async (error: unknown) => {
    await ownFile?.close();
    throw error;
  });
  const file = ownFile?.follow() ?? null;
  if (child.output !== null) output.attach(child.output);
  return { child, file };
}

/** While it was not collected its pid is its own; so what was read before we heard of its exit was read from it. */
export async function identifyChild(
  { pid, hasExited }: Child,
  service: string,
  { describeProcess, log }: { describeProcess: DescribeProcess; log: Log },
): Promise<ProcessInfo | null> {
  try {
    for (let look = 1; ; look += 1) {
      const found = await describeProcess(pid);
      if (hasExited()) return null;
      // It may have said that it is inside before it became the program.
      if (found === null || !isCgroupEntry(found.commandLine) || look === mostLooks) return found;
    }
  } catch (error) {
    log.warn({ err: error, service, pid }, 'a started process could not be looked at; it is known by its mark alone');
    return null;
  }
}
const mostLooks = 100;
