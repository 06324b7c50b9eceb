import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { isInCgroup } from './cgroup.ts';
import { entryThroughShell, hasBecomeProgram, runsThroughShell } from './cgroupEntry.ts';
import { isPosix } from './posix.ts';
import { errnoOf, findProgram, type ProgramOrder, spawnFailed } from './program.ts';

export interface SpawnOrder extends ProgramOrder {
  /** Where it was looked for before. */
  found?: FoundProgram;
  args: readonly string[];
  /** The cgroup to begin in, where that is possible; it has to be there. */
  cgroup: string | null;
  /** Empty, or a pipe. */
  stdin?: 'none' | 'pipe' | 'ours';
  /** Thrown away, pipes that have to be read, or a descriptor of ours for both. */
  output?: 'none' | 'pipes' | 'ours' | number;
  /** Descriptors of ours that it gets as 3, 4 and so on. */
  descriptors?: readonly number[];
  /** Its own, unless it is to stay where our terminal reaches it, in our process group. */
  session?: 'own' | 'ours';
}

/** A process that we started. Its pid is its own until `hasExited`: Node collects it right before. */
export interface Child {
  readonly pid: number;
  hasExited(): boolean;
  /** Resolves when it has ended and was collected. */
  readonly exited: Promise<ChildExit>;
  /** Signals this very process, without a look at who it is; nothing happens once it was collected. */
  signal(signal: NodeJS.Signals): void;
  /** It has been in this cgroup since before its first instruction; null where it is in ours. */
  readonly cgroup: string | null;
  /** Null where it has none. */
  readonly stdin: Writable | null;
  readonly output: { stdout: Readable; stderr: Readable } | null;
}

export interface ChildExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
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
export async function spawnChild(order: SpawnOrder, clock: Clock): Promise<Child> {
  const { command, cwd, environment, args, cgroup, stdin = 'none', output = 'none', descriptors = [], session = 'own' } = order;
  const { path: program, runsThroughShell: passes } = order.found ?? (await lookForProgram(order, { hasCgroup: cgroup !== null }));
  const entry = cgroup !== null && passes ? entryThroughShell({ directory: cgroup, command, program, args, environment }) : null;
  // argv[0] is the command as it was given, as a shell would have it.
  const child = tryToSpawn(entry ?? { file: program, args, argv0: command });
  if (child.pid === undefined) {
    const [error] = (await once(child, 'error')) as [unknown];
    throw asSpawnFailed(error, order);
  }
  // It may end without having read.
  child.stdin?.on('error', () => {});
  // A signal that could not be sent is reported here as well; without a listener it would end us.
  child.on('error', () => {});
  const exited = Promise.withResolvers<ChildExit>();
  let hasExited = false;
  child.once('exit', (exitCode, signal) => {
    hasExited = true;
    exited.resolve({ exitCode, signal });
  });
  const { pid } = child;
  const isInside = entry !== null && cgroup !== null && (await hasEntered(pid, cgroup, () => hasExited, clock));
  return {
    pid,
    hasExited: () => hasExited,
    exited: exited.promise,
    signal: (signal) => void child.kill(signal),
    cgroup: isInside ? cgroup : null,
    stdin: child.stdin,
    output: child.stdout && child.stderr && { stdout: child.stdout, stderr: child.stderr },
  };

  function tryToSpawn({ file, args, argv0 }: { file: string; args: readonly string[]; argv0: string }): ChildProcess {
    try {
      const written = typeof output === 'number' ? output : stdioOf[output];
      const stdio = [stdioOf[stdin], written, written, ...descriptors] as const;
      // detached is setsid(2). On Windows it would open a console window; there a hidden one of its own keeps the signals of ours away.
      const detached = isPosix && session === 'own';
      return spawn(file, args, { argv0, cwd, env: environment, detached, windowsHide: true, stdio: [...stdio] });
    } catch (error) {
      throw asSpawnFailed(error, order);
    }
  }
}

const stdioOf = { none: 'ignore', pipe: 'pipe', pipes: 'pipe', ours: 'inherit' } as const;

/** Waits until the program runs: the shell takes a millisecond or two. One that has ended by then was inside, for all we know. */
export async function hasEntered(pid: number, cgroup: string, hasExited: () => boolean, clock: Clock): Promise<boolean> {
  for (let pauseMs = 1; pauseMs < longestEntryMs && !hasExited() && !(await hasBecomeProgram(pid)); pauseMs *= 1.5)
    await clock.sleep(pauseMs);
  return hasExited() || (await isInCgroup(pid, cgroup));
}
const longestEntryMs = 1_000;

function asSpawnFailed(error: unknown, { command, cwd }: SpawnOrder): unknown {
  const errno = errnoOf(error);
  return errno === null ? error : spawnFailed(errno, reasonOf(errno, command), command, cwd, error);
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
