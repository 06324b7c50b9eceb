import type { FollowedFile } from '../os/followedFile.ts';
import { type Child, type FoundProgram, spawnChild } from '../os/spawn.ts';
import type { ServiceOutput } from './output/output.ts';
import { type OwnFileParts, openOwnFile } from './output/ownFile.ts';
import type { AssignedPort } from './servicePorts.ts';
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
  parts: Omit<OwnFileParts, 'output'> & Around,
): Promise<{ child: Child; file: FollowedFile | null }> {
  const { spec, clock } = parts;
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
  const child = await spawnChild(order, clock).catch(async (error: unknown) => {
    await ownFile?.close();
    throw error;
  });
  const file = ownFile?.follow() ?? null;
  if (child.output !== null) output.attach(child.output);
  return { child, file };
}
