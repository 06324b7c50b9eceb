import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { loadKoffi } from '../../src/native/koffi.ts';

/** With native calls and without; only the latter where koffi is not installed. */
export const nativeModes = loadKoffi().koffi === null ? [false] : [true, false];

export const isRoot = process.getuid?.() === 0;

export const sourceDirectory = fileURLToPath(new URL('../../src', import.meta.url));

export const program = (name: string): string => fileURLToPath(new URL(`../fixtures/programs/${name}`, import.meta.url));

export interface Started {
  child: ChildProcess;
  pid: number;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** The next line that it prints. */
  line(): Promise<string>;
}

/** Starts a process that is killed at the end of the test, if it still runs. */
export async function start(command: string, args: string[] = [], options: SpawnOptions = {}): Promise<Started> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  const exited = once(child, 'exit');
  await once(child, 'spawn');
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal);
    await exited;
  };
  onTestFinished(async () => kill());
  return { child, pid: child.pid as number, kill, line: lines(child) };
}

/** Starts a program of test/fixtures/programs that says `ready`. */
export async function startProgram(name: string, args: string[] = [], options: SpawnOptions = {}): Promise<Started> {
  const started = await start(process.execPath, [program(name), ...args], options);
  await started.line();
  return started;
}

/** A process that has ended and is not reaped: its parent became a program that knows nothing of it. */
export async function startZombie(): Promise<{ pid: number; parent: Started }> {
  const parent = await start('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 600']);
  return { pid: Number(await parent.line()), parent };
}

/** A thread of this process that is not its first. */
export function otherThread(): number {
  const thread = readdirSync('/proc/self/task').find((id) => id !== String(process.pid));
  if (thread === undefined) throw new Error('Node has but one thread here');
  return Number(thread);
}

/** Why a mount of our own cannot be made here; null when it can. */
export function noPrivateMounts(): string | null {
  if (!isRoot) return 'needs root for a private /proc';
  const { status, stderr } = spawnSync('unshare', ['-m', 'sh', '-c', 'mount -t proc -o hidepid=2 proc /proc'], { encoding: 'utf8' });
  return status === 0 ? null : `no private /proc here: ${stderr}`;
}

function lines(child: ChildProcess): () => Promise<string> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return async () => {
    while (!text.includes('\n')) await once(child.stdout as NodeJS.ReadableStream, 'data');
    const end = text.indexOf('\n');
    const line = text.slice(0, end);
    text = text.slice(end + 1);
    return line;
  };
}
