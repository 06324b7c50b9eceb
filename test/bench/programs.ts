import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A program that does one thing a line of input, and answers each with a line. The first line says that it is ready. */
export interface LineProgram extends AsyncDisposable {
  /** What it said first. */
  ready: string;
  next(input?: string): Promise<string>;
}

export async function startLineProgram([command, ...args]: [string, ...string[]]): Promise<LineProgram> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<string> => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${command} ${args.join(' ')} ended without an answer; its reason is above.`);
    return value as string;
  };
  const exited = once(child, 'exit');
  return {
    ready: await read(),
    next(input = '') {
      child.stdin.write(`${input}\n`);
      return read();
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}

/** Runs a tool to its end, its output thrown away. Whether it found something is not asked: the time is. */
export async function runTool(command: string, args: string[]): Promise<void> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  child.stdout?.resume();
  await once(child, 'close');
}

/** The first line that a tool says of itself; null when it is not there. */
export function versionOf(command: string, args: string[], matching = /\S/): string | null {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) return null;
  return (
    `${stdout}\n${stderr}`
      .split('\n')
      .find((line) => matching.test(line))
      ?.trim() ?? null
  );
}

export function fileHere(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

/** A Python with psutil; the one of the system is asked first, for that is where distributions put it. */
export function findPsutil(): { python: string; version: string } | null {
  for (const python of [process.env.SIDEWARDEN_PYTHON, '/usr/bin/python3', 'python3']) {
    if (python === undefined) continue;
    const version = versionOf(python, ['-c', 'import psutil; print(psutil.__version__)']);
    if (version !== null) return { python, version };
  }
  return null;
}

export function findPython(): string | null {
  return ['/usr/bin/python3', 'python3'].find((python) => versionOf(python, ['--version']) !== null) ?? null;
}

export interface CompiledProgram extends Disposable {
  path: string;
}

/** Null where there is no C compiler. */
export function compileC(source: string): CompiledProgram | null {
  const directory = mkdtempSync(join(tmpdir(), 'sidewarden-bench-'));
  const path = join(directory, 'program');
  const { status } = spawnSync('cc', ['-O2', '-o', path, source], { stdio: ['ignore', 'inherit', 'inherit'] });
  const remove = () => rmSync(directory, { recursive: true, force: true });
  if (status === 0) return { path, [Symbol.dispose]: remove };
  remove();
  return null;
}

export function packageVersion(name: string): string {
  return (createRequire(import.meta.url)(`../../node_modules/${name}/package.json`) as { version: string }).version;
}
