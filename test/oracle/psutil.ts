import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { python } from '../harness/needs.ts';
import { root } from '../harness/sidecar.ts';

export interface PsutilAnswer {
  holders: [protocol: string, address: string, port: number, pid: number][];
  processes: { pid: number; ppid: number; name: string; commandLine: string[]; startedAt: number; user: string; status: string }[];
}

export interface Oracle {
  ask(question: { ports: number[]; pids: number[] }): Promise<PsutilAnswer>;
}

const run = promisify(execFile);
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** psutil, from an environment of its own that the first call makes; or why there is none. */
export async function consultPsutil(): Promise<Oracle | { reason: string }> {
  if (python === null) return { reason: 'needs python3 on the PATH' };
  const requirements = (await readFile(here('requirements.txt'), 'utf8')).trim();
  const home = `${root}node_modules/.cache/${requirements.replace(/\W+/g, '-')}`;
  const interpreter = `${home}/bin/python`;
  try {
    if (!existsSync(interpreter)) await install(python, home);
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return { reason: `psutil cannot be installed: ${(stderr || message).trim().split('\n').at(-1)}` };
  }
  return {
    async ask(question) {
      const { stdout } = await run(interpreter, [here('askPsutil.py'), JSON.stringify(question)]);
      return JSON.parse(stdout) as PsutilAnswer;
    },
  };
}

/** Made aside and moved in place when it is whole, so that an install that was cut off is not taken for one. */
async function install(interpreter: string, home: string): Promise<void> {
  const made = `${home}.${process.pid}`;
  await mkdir(made, { recursive: true });
  try {
    await run(interpreter, ['-m', 'venv', made]);
    await run(`${made}/bin/python`, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      '--requirement',
      here('requirements.txt'),
    ]);
    await rename(made, home);
  } catch (error) {
    // Another run was first.
    if (!existsSync(`${home}/bin/python`)) throw error;
  } finally {
    await rm(made, { recursive: true, force: true });
  }
}
