import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface Interpreter {
  /** The program itself, not a shim in front of it. */
  path: string;
  version: [major: number, minor: number, patch: number];
}

/** What the client promises to run on. */
export const oldestSupported = [3, 9] as const;

/** The oldest and the newest Python of this machine that the client supports; one where there is only one, none where there is none. */
export function oldestAndNewest(): Interpreter[] {
  const found = listInterpreters();
  return found.length < 2 ? found : [found[0] as Interpreter, found.at(-1) as Interpreter];
}

/** On the PATH, and what pyenv has installed; by version. */
function listInterpreters(): Interpreter[] {
  const known = new Map<string, Interpreter>();
  for (const candidate of [...onPath(), ...ofPyenv()]) {
    const found = ask(candidate);
    if (found !== null && isSupported(found) && !known.has(found.version.join('.'))) known.set(found.version.join('.'), found);
  }
  return [...known.values()].sort(({ version: a }, { version: b }) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
}

function onPath(): string[] {
  const directories = (process.env.PATH ?? '').split(delimiter).filter((directory) => directory !== '' && existsSync(directory));
  return directories.flatMap((directory) =>
    readdirSync(directory)
      .filter((name) => /^python3(\.\d+)?(\.exe)?$/.test(name))
      .map((name) => join(directory, name)),
  );
}

function ofPyenv(): string[] {
  const versions = join(process.env.PYENV_ROOT ?? join(homedir(), '.pyenv'), 'versions');
  if (!existsSync(versions)) return [];
  return readdirSync(versions).map((version) => join(versions, version, 'bin', 'python3'));
}

/** Null where it does not run: a shim stays behind when its Python is gone. */
function ask(program: string): Interpreter | null {
  const question = 'import os, sys, venv, ensurepip; print(os.path.realpath(sys.executable), *sys.version_info[:3])';
  const { status, stdout } = spawnSync(program, ['-c', question], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  if (status !== 0) return null;
  const words = stdout.trim().split(' ');
  const version = words.splice(-3).map(Number) as Interpreter['version'];
  return { path: words.join(' '), version };
}

function isSupported({ version: [major, minor] }: Interpreter): boolean {
  return major === oldestSupported[0] && minor >= oldestSupported[1];
}
