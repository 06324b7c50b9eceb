import { type ChildProcess, spawn } from 'node:child_process';
import type { Ending, Launch, Launched } from './launch.ts';

export interface Command {
  command: string;
  args: string[];
  /** The default is our own environment. */
  env?: NodeJS.ProcessEnv | undefined;
}

/** Starts a program that speaks over its stdin and stdout. */
export function launchCommand({ command, args, env = process.env }: Command): Launch {
  return async () => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env, windowsHide: true });
    return overStdio(child);
  };
}

function overStdio(child: ChildProcess): Launched {
  const { stdin, stdout, stderr } = child;
  if (!stdin || !stdout || !stderr) throw new Error('a child without pipes');
  // EPIPE: it is gone, and its end says how.
  stdin.on('error', () => {});
  return {
    pid: child.pid,
    input: stdin,
    output: stdout,
    log: stderr,
    kill: () => void child.kill('SIGKILL'),
    ended: endOf(child).finally(() => {
      stdout.destroy();
      stderr.destroy();
    }),
  };
}

/** The last answers may still be in the pipe when it exits, and 'close' comes behind them; but whoever inherited the pipe may hold it open for good. */
export function endOf(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ problem: error.message }));
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('exit', (code, signal) => setTimeout(() => resolve({ code, signal }), closeDelayMs).unref());
  });
}

const closeDelayMs = 500;
