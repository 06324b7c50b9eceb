import type { Clock } from '../../clock.ts';
import { entryThroughShell, hasEntered, noticeFdBeside, runsThroughShell } from './cgroupEntry.ts';
import type { Launch, Launched, Launcher } from './launch.ts';
import { createNativeLaunch } from './nativeLaunch.ts';
import { launchByNode } from './nodeLaunch.ts';
import { findProgram, type ProgramOrder, spawnFailed } from './program.ts';

export type { ChildExit } from './launch.ts';

export interface SpawnOrder extends ProgramOrder, Partial<Pick<Launch, 'stdin' | 'output' | 'descriptors' | 'session'>> {
  /** Where it was looked for before. */
  found?: FoundProgram;
  args: readonly string[];
  /** The cgroup to begin in, where that is possible; it has to be there. */
  cgroup: string | null;
}

/** A process that we started. */
export interface Child extends Omit<Launched, 'notice'> {
  /** Resolves when the program runs: with the cgroup in which it has been since before its first instruction, null where it is in ours. */
  readonly cgroup: Promise<string | null>;
}

export interface FoundProgram {
  path: string;
  /** Asked for those alone that begin in a cgroup. */
  runsThroughShell: boolean;
}

/** What has to be read of a program before it is started, so that it can be read beside other things. Throws SpawnFailed. */
export async function lookForProgram(order: ProgramOrder, { hasCgroup }: { hasCgroup: boolean }): Promise<FoundProgram> {
  const path = await findProgram(order);
  return { path, runsThroughShell: hasCgroup && (await runsThroughShell(path)) };
}

/**
 * Starts a program in a session of its own, where no signal of our terminal reaches it, without any descriptor of ours but those
 * that are ordered. Never through a shell. Throws SpawnFailed.
 */
export type SpawnChild = (order: SpawnOrder) => Promise<Child>;

/** Chosen with the first program that is started. */
export function createLaunch({ native, platform }: { native: boolean; platform: NodeJS.Platform }): Launcher {
  let chosen: Launcher | null = null;
  return (launch) => {
    chosen ??= (native && platform === 'linux' ? createNativeLaunch() : null) ?? launchByNode;
    return chosen(launch);
  };
}

export function createSpawnChild(launch: Launcher, clock: Clock): SpawnChild {
  return async function spawnChild(order) {
    const { command, cwd, environment, args, cgroup, stdin = 'none', output = 'none', descriptors = [], session = 'own' } = order;
    const { path: program, runsThroughShell: passes } = order.found ?? (await lookForProgram(order, { hasCgroup: cgroup !== null }));
    const noticeFd = noticeFdBeside(descriptors.length);
    const entry =
      cgroup !== null && passes ? entryThroughShell({ directory: cgroup, command, program, args, environment, noticeFd }) : null;
    const launched = await launch({
      // argv[0] is the command as it was given, as a shell would have it.
      ...(entry ?? { file: program, args, argv0: command }),
      ...{ cwd, environment, session, stdin, output, descriptors },
      noticeFd: entry === null ? null : noticeFd,
    });
    if ('errno' in launched) throw spawnFailed(launched.errno, reasonOf(launched.errno, command), command, cwd, launched.cause);
    const { notice, ...child } = launched;
    if (entry === null || cgroup === null) return { ...child, cgroup: Promise.resolve(null) };
    // Not waited for here: its output is there to be read from the beginning.
    return { ...child, cgroup: hasEntered({ ...child, notice, cgroup }, clock).then((isInside) => (isInside ? cgroup : null)) };
  };
}

/** Why a program that was found, and may be run, was not started: a sentence for the symbol of an errno. */
export const reasonOf = (errno: string, command: string): string => reasons[errno] ?? `${command} could not be started (${errno}).`;

/** execve(2) and fork(2), for a program that was found and may be run. */
const reasons: Record<string, string> = {
  ENOENT: 'The program is there, but the interpreter or loader that it names is not.',
  ENOEXEC: 'The program is of a form that this system does not run; is it built for another one?',
  E2BIG: 'Arguments and environment are longer than this system allows.',
  ETXTBSY: 'The program file is being written to; try again when it is complete.',
  EAGAIN: 'This user may have no more processes (ulimit -u, or the limit of a cgroup).',
  EMFILE: 'The sidecar may have no more open files (ulimit -n).',
  ENFILE: 'The system has no more open files to give.',
  ENOMEM: 'There is not enough memory to start a process.',
  EINVAL:
    'The system does not start such a file itself; a .cmd or .bat file needs cmd.exe as the command, with /d /s /c and the file as args.',
};
