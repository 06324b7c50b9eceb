import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { getSystemErrorName } from 'node:util';
import { loadProcessSpawn, type ProcessSpawn, type SpawnOrder } from '../../native/linux/spawnProcess.ts';
import type { Launch, Launched, Launcher, NotLaunched } from './launch.ts';
import { startOwnChild } from './ownChildren.ts';

/**
 * By a call of the system’s own, which does not copy our page tables. Its pipes are pipes, where Node’s are sockets: they hold 64 KiB,
 * and a program may open its /dev/stdout. Null where there is no such call.
 */
export function createNativeLaunch(): Launcher | null {
  const calls = loadProcessSpawn();
  return calls === null ? null : async (launch) => start(launch, calls);
}

function start(launch: Launch, { spawn, openPipe }: ProcessSpawn): Launched | NotLaunched {
  const { file, argv0, args, cwd, environment, session, stdin, output, descriptors, noticeFd } = launch;
  const pipes = openPipes(launch, openPipe);
  if ('errno' in pipes) return pipes;
  const written = typeof output === 'number' ? output : output === 'none' ? 'empty' : null;
  const given: SpawnOrder['descriptors'][number][] = [
    pipes.stdin?.theirs ?? (stdin === 'ours' ? 0 : 'empty'),
    pipes.stdout?.theirs ?? written ?? 1,
    pipes.stderr?.theirs ?? written ?? 2,
    ...descriptors,
  ];
  if (noticeFd !== null) given[noticeFd] = pipes.notice?.theirs;
  const order: Omit<SpawnOrder, 'file' | 'args'> = {
    environment,
    cwd,
    place: session === 'own' ? 'session' : 'ours',
    descriptors: given,
  };
  const child = startOwnChild(() => {
    const answer = spawn({ ...order, file, args: [argv0, ...args] });
    // As execvp(3) has it, by which Node starts programs: what is of no form is a script of the shell.
    const isScript = 'errno' in answer && answer.errno === constants.errno.ENOEXEC;
    return isScript ? spawn({ ...order, file: '/bin/sh', args: ['/bin/sh', file, ...args] }) : answer;
  });
  for (const pipe of Object.values(pipes)) closeSync(pipe.theirs);
  if ('errno' in child) {
    for (const pipe of Object.values(pipes)) closeSync(pipe.ours);
    return notLaunched(child.errno);
  }
  const input = pipes.stdin === undefined ? null : writer(pipes.stdin.ours);
  if (input !== null) void child.exited.then(() => input.destroy());
  return {
    ...child,
    signal(signal) {
      if (child.hasExited()) return;
      try {
        process.kill(child.pid, signal);
      } catch {
        // It has become another user’s.
      }
    },
    stdin: input,
    output: pipes.stdout && pipes.stderr ? { stdout: reader(pipes.stdout.ours), stderr: reader(pipes.stderr.ours) } : null,
    notice: pipes.notice === undefined ? null : reader(pipes.notice.ours),
  };
}

interface Pipe {
  ours: number;
  theirs: number;
}

type PipeName = 'stdin' | 'stdout' | 'stderr' | 'notice';

function openPipes({ stdin, output, noticeFd }: Launch, openPipe: ProcessSpawn['openPipe']): Partial<Record<PipeName, Pipe>> | NotLaunched {
  const wanted: PipeName[] = [
    ...(stdin === 'pipe' ? (['stdin'] as const) : []),
    ...(output === 'pipes' ? (['stdout', 'stderr'] as const) : []),
    ...(noticeFd === null ? [] : (['notice'] as const)),
  ];
  const opened: Partial<Record<PipeName, Pipe>> = {};
  for (const name of wanted) {
    const ends = openPipe();
    if ('errno' in ends) {
      for (const { ours, theirs } of Object.values(opened)) for (const fd of [ours, theirs]) closeSync(fd);
      return notLaunched(ends.errno);
    }
    opened[name] = name === 'stdin' ? { ours: ends.writeFd, theirs: ends.readFd } : { ours: ends.readFd, theirs: ends.writeFd };
  }
  return opened;
}

const notLaunched = (errno: number): NotLaunched => ({ errno: getSystemErrorName(-errno) });

function reader(fd: number): Readable {
  const stream = new Socket({ fd, readable: true, writable: false });
  stream.on('error', () => {});
  return stream;
}

function writer(fd: number): Writable {
  const stream = new Socket({ fd, readable: false, writable: true });
  // It may end without having read.
  stream.on('error', () => {});
  return stream;
}
