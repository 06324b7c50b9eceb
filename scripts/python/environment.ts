import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Interpreter } from './interpreters.ts';

/** An environment that has what the requirements name, made with the first call; its interpreter. Throws where that fails. */
export function environmentOf({ path, version }: Interpreter, requirements: string): string {
  const wanted = createHash('sha256').update(readFileSync(requirements)).update(path).digest('hex').slice(0, 12);
  const home = join(process.cwd(), '.cache', 'python', `${version.join('.')}-${wanted}`);
  const interpreter = programOf(home);
  if (existsSync(interpreter)) return interpreter;

  // Made aside and moved in place when it is whole, so that an install that was cut off is not taken for one.
  const made = `${home}.${process.pid}`;
  mkdirSync(join(home, '..'), { recursive: true });
  try {
    run(path, ['-m', 'venv', made]);
    run(programOf(made), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements]);
    renameSync(made, home);
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
  return interpreter;
}

function programOf(home: string): string {
  return process.platform === 'win32' ? join(home, 'Scripts', 'python.exe') : join(home, 'bin', 'python');
}

function run(program: string, args: string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ['ignore', 2, 2] });
  if (error) throw error;
  if (status !== 0) throw new Error(`\`${program} ${args.join(' ')}\` failed; its messages are above.`);
}
