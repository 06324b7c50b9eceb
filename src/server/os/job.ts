import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { Clock } from '../../clock.ts';
import { type ChildChange, loadProcessSpawn, type ProcessSpawn } from '../../native/linux/spawnProcess.ts';
import { parseProcStat } from '../../workers/platform/parse/procStat.ts';
import { cgroupEntry, hasEntered } from './cgroupEntry.ts';
import type { ChildExit } from './launch.ts';
import { exitOf } from './ownChildren.ts';
import { findProgram, spawnFailed } from './program.ts';
import { type Child, reasonOf, type SpawnOrder } from './spawn.ts';
import type { Terminal } from './terminal.ts';

export interface JobOrder extends Omit<SpawnOrder, 'stdin' | 'output' | 'descriptors' | 'session'> {
  terminal: Terminal;
  /** Nobody else may collect it, until the answer is called. */
  reserve(pid: number): () => void;
}

export interface Job extends Child {
  /** From now on we are not stopped with it: whoever ends it stops it for a moment. */
  stay(): void;
}

/**
 * Starts a program as a shell starts a job: in a process group of its own, with our descriptors 0 to 2, and in the foreground of the
 * terminal where we are. What stops it stops us, so that the shell that started us sees its job stop; what continues us continues
 * it. Null without native calls. Throws SpawnFailed.
 */
export async function startJob(order: JobOrder, clock: Clock): Promise<Job | null> {
  const calls = loadProcessSpawn();
  if (calls === null) return null;
  const { command, args, cwd, environment, cgroup, terminal } = order;
  const program = await findProgram(order);
  const entry = cgroup === null ? null : await cgroupEntry({ directory: cgroup, command, program, args, environment, noticeFd: null });
  const { file, argv0, args: rest } = entry ?? { file: program, argv0: command, args };
  const exited = Promise.withResolvers<ChildExit>();
  let exit: ChildExit | null = null;
  let hasForeground = terminal.isOurs();
  let stays = false;

  const pid = spawn(calls);
  const free = order.reserve(pid);
  process.on('SIGCHLD', look);
  process.on('SIGCONT', goOn);
  process.on('SIGTSTP', stop);
  // Where it could not begin in the foreground it is put there now: a read in between has stopped it, which look() mends.
  if (hasForeground) terminal.give(pid);
  look();

  const entering = { pid, cgroup: cgroup ?? '', notice: null, hasExited: () => exit !== null };
  const isInside = entry !== null && (await hasEntered(entering, clock));
  return {
    pid,
    hasExited: () => exit !== null,
    exited: exited.promise,
    signal(signal) {
      if (exit === null) process.kill(pid, signal);
    },
    cgroup: Promise.resolve(isInside ? cgroup : null),
    stdin: null,
    output: null,
    stay() {
      stays = true;
    },
  };

  function spawn({ spawn: start }: ProcessSpawn): number {
    const asked = {
      file,
      args: [argv0, ...rest],
      environment,
      cwd: null,
      place: 'group',
      descriptors: [0, 1, 2],
    } as const;
    let answer = start({ ...asked, terminal: hasForeground ? terminal.fd : null });
    // A terminal that has hung up keeps nothing from starting.
    if ('errno' in answer && hasForeground) answer = start({ ...asked, terminal: null });
    if ('pid' in answer) return answer.pid;
    const symbol = getSystemErrorName(-answer.errno);
    throw spawnFailed(symbol, reasonOf(symbol, command), command, cwd);
  }

  function look(): void {
    for (let change = poll(); change !== null; change = poll()) {
      if (change.kind !== 'stopped') return end(change);
      void onStop(change.signal);
    }
  }

  function poll(): ChildChange | null {
    return exit === null && calls !== null ? calls.wait(pid, { stops: true }) : null;
  }

  async function onStop(signal: number): Promise<void> {
    const isForTerminal = signal === constants.signals.SIGTTIN || signal === constants.signals.SIGTTOU;
    if (isForTerminal && terminal.isOurs(pid)) return goOn();
    // Whoever looks at a tree to end it stops it by this signal, for a moment.
    if (signal === constants.signals.SIGSTOP) await clock.sleep(frozenForMs);
    if (stays || exit !== null || (signal === constants.signals.SIGSTOP && !(await isStopped(pid)))) return;
    if (hasForeground) terminal.take();
    hasForeground = false;
    // It stops us within this call; and does nothing where no shell could continue us (an orphaned process group, setpgid(2)).
    suspend();
    goOn();
  }

  /** Whoever stops us means the job; its stop then stops us. */
  function stop(): void {
    process.kill(pid, 'SIGTSTP');
  }

  /** We were continued, in the foreground or behind it, and so is the job. */
  function goOn(): void {
    if (exit !== null) return;
    hasForeground = terminal.isOurs(pid);
    if (hasForeground) terminal.give(pid);
    // The whole job, as its terminal stopped it: while its leader was not collected, nobody else’s group has that number.
    signalGroup(pid);
  }

  function end(change: Exclude<ChildChange, { kind: 'stopped' }>): void {
    exit = exitOf(change);
    free();
    process.off('SIGCHLD', look);
    process.off('SIGCONT', goOn);
    process.off('SIGTSTP', stop);
    if (hasForeground) terminal.take();
    if (hasForeground && change.kind === 'signaled') terminal.restore();
    exited.resolve(exit);
  }
}

const frozenForMs = 500;

async function isStopped(pid: number): Promise<boolean> {
  return (await readFile(`/proc/${pid}/stat`).then(parseProcStat, () => null))?.state === 'T';
}

/** SIGTSTP to ourselves, with nothing of ours in its way. */
function suspend(): void {
  const listeners = process.listeners('SIGTSTP');
  process.removeAllListeners('SIGTSTP');
  process.kill(process.pid, 'SIGTSTP');
  for (const listener of listeners) process.on('SIGTSTP', listener);
}

function signalGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGCONT');
  } catch {
    // Its group is empty: the leader has ended, and we hear of that next; or has gone to another one.
    try {
      process.kill(leader, 'SIGCONT');
    } catch {
      // It has ended.
    }
  }
}
