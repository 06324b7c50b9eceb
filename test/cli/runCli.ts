import { spawn, spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { root } from '../harness/sidecar.ts';
import { until } from '../harness/until.ts';

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

/** A run on a terminal with somebody at the keyboard. Left early, it ends as when a terminal is closed. */
export interface TerminalRun extends AsyncDisposable {
  /** Waits until it has shown that, and gives everything shown so far. */
  shows(what: RegExp): Promise<string>;
  type(keys: string): void;
  ended: Promise<Omit<Run, 'stderr'>>;
}

/** The same with a keyboard; `behind` is shell behind the command, such as a redirection. */
export function openTerminal(args: string[], columns: number, behind = ''): TerminalRun {
  const command = [...cliCommand, ...args].map(quote).join(' ');
  const child = spawn('script', ['--quiet', '--return', '--command', `stty cols ${columns}; ${command} ${behind}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: childEnv({ SHELL: 'bash' }),
  });
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
  });
  const closed = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  return {
    shows: async (what) => {
      await until(() => what.test(shown) || child.exitCode !== null, `${what} on the terminal`, 20_000);
      if (!what.test(shown)) throw new Error(`ended without ${what}: ${shown}`);
      return shown;
    },
    type: (keys) => child.stdin.write(keys),
    ended: closed.then((code) => ({ code, stdout: shown.replaceAll('\r\n', '\n') })),
    async [Symbol.asyncDispose]() {
      child.kill();
      child.stdin.destroy();
      await closed;
    },
  };
}

/** script(1) of util-linux gives a command a terminal. */
export const hasTerminal =
  process.platform === 'linux' && /util-linux/.test(spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout ?? '');

async function runCommand([command, ...args]: string[], { env = {}, uid }: RunOptions): Promise<Run> {
  const child = spawn(command as string, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: childEnv(env),
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

function childEnv(env: Record<string, string>): NodeJS.ProcessEnv {
  // Node shows no colours where CI is set.
  const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...inherited } = process.env;
  return { ...inherited, TERM: 'xterm-256color', ...env };
}

const quote = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;
