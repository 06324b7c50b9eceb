import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { python } from './needs.ts';

export interface ProgramOptions {
  uid?: number;
  env?: Record<string, string>;
  /** A command to run it under: its arguments go before the program. */
  under?: string[];
  argv0?: string;
  cwd?: string;
  /** Windows: a console of its own, which nobody sees. */
  windowsHide?: boolean;
}

/** A running program of a scene. At the end of the block its input is closed and it is killed through its handle. */
export interface Program extends AsyncDisposable {
  pid: number;
  child: ChildProcess;
  /** The line that said it is ready. */
  ready: string;
  /** Its next line. */
  line(): Promise<string>;
  write(text: string): void;
  /** Sends the signal and waits for the end; its parent, the test, has reaped it then. */
  kill(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program and waits for its first line, which says that it is ready. */
export async function spawnProgram(
  program: string[],
  { uid, env = {}, under = [], argv0, cwd, windowsHide = false }: ProgramOptions = {},
): Promise<Program> {
  const [command, ...args] = [...under, ...program] as [string, ...string[]];
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    windowsHide,
    ...(uid !== undefined && { uid, gid: uid }),
    ...(argv0 !== undefined && { argv0 }),
    ...(cwd !== undefined && { cwd }),
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on('error', () => {});
  const closed = once(child, 'close').catch(() => {});
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) await closed;
    if (done) throw new Error(`${program.join(' ').slice(0, 200)} ended before it said what was waited for; its stderr: ${stderr}`);
    return value;
  };
  return {
    pid: child.pid as number,
    child,
    ready: await line(),
    line,
    write: (text) => child.stdin.write(text),
    async kill(signal = 'SIGKILL') {
      child.kill(signal);
      await closed;
    },
    async [Symbol.asyncDispose]() {
      // Its children hold the same input and end with it; what is stopped ends by SIGKILL alone.
      child.stdin.destroy();
      child.kill('SIGKILL');
      await closed;
    },
  };
}

const fixture = (file: string): string => fileURLToPath(new URL(`../fixtures/programs/${file}`, import.meta.url));

/** The command of a program in test/fixtures/programs. */
export const nodeProgram = (name: string, ...args: (string | number)[]): string[] => [
  process.execPath,
  fixture(`${name}.mjs`),
  ...args.map(String),
];

export function pythonProgram(name: string, ...args: (string | number)[]): string[] {
  if (python === null) throw new Error('this scene needs python3: skip it with needsPython');
  return [python, fixture(`${name}.py`), ...args.map(String)];
}

/** How holdSockets.py is asked for a socket. */
export type SocketSpec = [
  protocol: 'tcp' | 'udp',
  address: string,
  port: number,
  ...flags: ('listen' | 'reuse' | 'reusePort' | 'v6only')[],
];

/** A process that holds these sockets, and the ports that they got. */
export async function holdSockets(
  sockets: SocketSpec[],
  { name = '', ...options }: ProgramOptions & { name?: string } = {},
): Promise<Program & { ports: number[]; port: number }> {
  const program = await spawnProgram(pythonProgram('holdSockets', JSON.stringify(sockets), name), options);
  const ports = JSON.parse(program.ready) as number[];
  return { ...program, ports, port: ports[0] as number };
}
