import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import { openDirectFile } from '../../os/directFile.ts';
import { type FollowedFile, followFile, openOutputOf, tailOf } from '../../os/followedFile.ts';
import { errnoOf, spawnFailed } from '../../os/program.ts';
import type { CompleteSpec } from '../spec.ts';
import type { ServiceOutput } from './output.ts';

/*
 * A pipe to us would end with us. So a service that outlives its sidecar has its log file as its output, both streams of it, and what it
 * writes comes to the ring from there.
 */

export interface OwnFile {
  /** For the program. */
  readonly fd: number;
  /** It runs: what it writes is read from now on. */
  follow(): FollowedFile;
  /** It does not. */
  close(): Promise<void>;
}

export interface OwnFileParts {
  spec: CompleteSpec;
  output: Pick<ServiceOutput, 'receive'>;
  directory: string;
  clock: Clock;
  log: Log;
}

/** Rotates first, if it is due. Throws SpawnFailed: without its file it could not be started. */
export async function openOwnFile(parts: OwnFileParts): Promise<OwnFile> {
  const { spec, directory } = parts;
  const { file: path = '', maxBytes, keep } = spec.logs;
  try {
    const { handle, size } = await openDirectFile({ path, maxBytes, keep });
    return { fd: handle.fd, follow: () => follow(handle, size, parts), close: () => handle.close() };
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    const sentence = `The log file ${path} cannot be opened (${errno}), and a persistent service writes to it itself, so ${spec.name} was not started.`;
    throw spawnFailed(errno, sentence, spec.command, spec.cwd ?? directory, error);
  }
}

/** Of one that runs already: begins with as much of what it has written as the ring takes. Null where it cannot be read. */
export async function reopenOwnFile(pid: number, parts: OwnFileParts): Promise<FollowedFile | null> {
  const { file: path = '', ringBytes } = parts.spec.logs;
  try {
    const handle = await openOutputOf(pid, path);
    const followed = follow(handle, await tailOf(handle, ringBytes), parts);
    await followed.catchUp();
    return followed;
  } catch (error) {
    parts.log.warn({ err: error, service: parts.spec.name, path }, 'what a service writes cannot be read; it goes on writing it');
    return null;
  }
}

function follow(
  handle: Parameters<typeof followFile>[0]['handle'],
  position: number,
  { spec, output, clock, log }: OwnFileParts,
): FollowedFile {
  const lines = output.receive();
  const followed = followFile({
    handle,
    position,
    onData: lines.push,
    onProblem: (error) => log.debug({ err: error, service: spec.name }, 'what a service has written could not be read'),
    clock,
  });
  return { catchUp: followed.catchUp, close: () => followed.close().then(lines.end) };
}
