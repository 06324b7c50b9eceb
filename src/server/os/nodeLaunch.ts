import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { ChildExit, Launch, Launched, NotLaunched } from './launch.ts';
import { isPosix } from './posix.ts';
import { errnoOf } from './program.ts';

/** By Node: on every system, and where there are no native calls. It forks, which takes the longer the larger this process is. */
export async function launchByNode(launch: Launch): Promise<Launched | NotLaunched> {
  const { noticeFd } = launch;
  const child = tryToSpawn(launch);
  if ('errno' in child) return child;
  if (child.pid === undefined) {
    const [error] = (await once(child, 'error')) as [unknown];
    return notLaunched(error);
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
  return {
    pid: child.pid,
    hasExited: () => hasExited,
    exited: exited.promise,
    signal: (signal) => void child.kill(signal),
    stdin: child.stdin,
    output: child.stdout && child.stderr && { stdout: child.stdout, stderr: child.stderr },
    notice: noticeFd === null ? null : (child.stdio[noticeFd as 3] as unknown as Readable),
  };
}

function tryToSpawn({ file, args, argv0, cwd, environment, session, stdin, output, descriptors, noticeFd }: Launch) {
  try {
    const written = typeof output === 'number' ? output : stdioOf[output];
    const stdio: (number | 'pipe' | 'ignore' | 'inherit')[] = [stdioOf[stdin], written, written, ...descriptors];
    // Beyond 2, what is ignored is not opened at all.
    if (noticeFd !== null) stdio.push(...Array<'ignore'>(noticeFd - stdio.length).fill('ignore'), 'pipe');
    // detached is setsid(2). On Windows it would open a console window; there a hidden one of its own keeps the signals of ours away.
    const detached = isPosix && session === 'own';
    return spawn(file, args, { argv0, cwd, env: environment, detached, windowsHide: true, stdio }) as ChildProcess;
  } catch (error) {
    return notLaunched(error);
  }
}

const stdioOf = { none: 'ignore', pipe: 'pipe', pipes: 'pipe', ours: 'inherit' } as const;

function notLaunched(error: unknown): NotLaunched {
  const errno = errnoOf(error);
  if (errno === null) throw error;
  return { errno, cause: error };
}
