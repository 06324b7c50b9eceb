import { spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { root } from '../harness/sidecar.ts';

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  uid?: number;
}

/** The terminal tool as it is in the sources, or the file that SIDEWARDEN_BIN names. */
export const cliFile = resolve(process.env.SIDEWARDEN_BIN ?? `${root}src/bin.ts`);

const cliCommand = [process.execPath, cliFile];

/** Runs the terminal tool with its output in pipes, and waits until it has ended. */
export function runCli(args: string[], options: RunOptions = {}): Promise<Run> {
  return runCommand([...cliCommand, ...args], options);
}

/** Runs it in bash, where `sidewarden` is its name. */
export function runInBash(script: string, options: RunOptions = {}): Promise<Run> {
  return runCommand(['bash', '-c', `sidewarden() { ${cliCommand.map(quote).join(' ')} "$@"; }\n${script}`], options);
}

/** Runs it on a terminal of so many columns; its output has CR LF for line ends there. */
export function runOnTerminal(args: string[], columns: number, options: RunOptions = {}): Promise<Run> {
  const command = [...cliCommand, ...args].map(quote).join(' ');
  return runCommand(['script', '--quiet', '--return', '--command', `stty cols ${columns}; exec ${command}`, '/dev/null'], options);
}

/** script(1) of util-linux gives a command a terminal. */
export const hasTerminal =
  process.platform === 'linux' && /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '');

async function runCommand([command, ...args]: string[], { env = {}, uid }: RunOptions): Promise<Run> {
  const { NO_COLOR: _, FORCE_COLOR: __, ...inherited } = process.env;
  const child = spawn(command as string, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...inherited, TERM: 'xterm-256color', ...env },
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
