import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, delimiter, extname, resolve } from 'node:path';
import { fail, type SidewardenError } from '../../protocol/errors.ts';
import { isPosix } from './posix.ts';

export interface ProgramOrder {
  /** A path, taken from `cwd` if it is relative, or a plain name to be found on the PATH of `environment`. */
  command: string;
  cwd: string;
  environment: Readonly<Record<string, string>>;
}

/**
 * The file that would run. Looked for before anything is started, because the system says ENOENT for a missing directory, a
 * missing program and a missing interpreter alike. Throws SpawnFailed with the reason as a sentence.
 */
export async function findProgram({ command, cwd, environment }: ProgramOrder): Promise<string> {
  const program = basename(command) === command ? searchPath({ command, cwd, environment }) : checkPath(command, cwd);
  // Side by side; of two problems the directory is told.
  program.catch(() => {});
  await checkDirectory(command, cwd);
  return program;
}

async function checkDirectory(command: string, cwd: string): Promise<void> {
  try {
    const [found, refusal] = await Promise.all([stat(cwd), access(cwd, constants.X_OK).catch((error: unknown) => error)]);
    if (!found.isDirectory()) throw spawnFailed('ENOTDIR', `The working directory ${cwd} is no directory.`, command, cwd);
    if (refusal !== undefined) throw refusal;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    const why =
      errno === 'ENOENT' ? 'does not exist' : errno === 'EACCES' ? 'may not be entered by this user' : `cannot be entered (${errno})`;
    throw spawnFailed(errno, `The working directory ${cwd} ${why}, so ${command} was not started.`, command, cwd);
  }
}

async function checkPath(command: string, cwd: string): Promise<string> {
  const path = resolve(cwd, command);
  const errno = await whyNotExecutable(path);
  if (errno === null) return path;
  throw spawnFailed(errno, errno === 'ENOENT' ? `There is no program ${path}.` : notExecutable(path, errno), command, cwd);
}

/** As execvp(3) does: what may not be run is passed over, and told only if nothing else is found. */
async function searchPath({ command, cwd, environment }: ProgramOrder): Promise<string> {
  const paths = searchedPath(environment)
    .split(delimiter)
    .flatMap((directory) => fileNames(command).map((name) => resolve(cwd, directory, name)));
  const looks = await Promise.all(paths.map(async (path) => ({ path, errno: await whyNotExecutable(path) })));
  const found = looks.find(({ errno }) => errno === null);
  if (found !== undefined) return found.path;
  const refused = looks.find(({ errno }) => errno === 'EACCES');
  if (refused !== undefined) throw spawnFailed('EACCES', notExecutable(refused.path, 'EACCES'), command, cwd);
  throw spawnFailed(
    'ENOENT',
    `No program ${command} is on the PATH that it would have; install it, give its absolute path, or set PATH in env.`,
    command,
    cwd,
  );
}
/** Names of variables know no case on Windows, which calls this one Path. */
function searchedPath(environment: ProgramOrder['environment']): string {
  const name = isPosix ? 'PATH' : Object.keys(environment).find((one) => one.toUpperCase() === 'PATH');
  return (name === undefined ? undefined : environment[name]) ?? (isPosix ? defaultPath : '');
}

/** What Windows itself appends; scripts of a shell (PATHEXT) are no programs. */
const fileNames = (command: string): string[] =>
  isPosix || extname(command) !== '' ? [command] : [`${command}.exe`, `${command}.com`, command];

/** What execvp(3) of glibc takes where PATH is not set. */
const defaultPath = '/bin:/usr/bin';

/** The errno that running it would give; null when nothing speaks against it. */
async function whyNotExecutable(path: string): Promise<string | null> {
  try {
    const [found] = await Promise.all([stat(path), access(path, constants.X_OK)]);
    return found.isFile() ? null : 'EACCES';
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === null) throw error;
    return errno;
  }
}

function notExecutable(path: string, errno: string): string {
  return errno === 'EACCES'
    ? `${path} may not be run: it is no file that this user may execute (chmod +x?).`
    : `${path} cannot be run (${errno}).`;
}

export function spawnFailed(errno: string, sentence: string, command: string, cwd: string, cause?: unknown): SidewardenError {
  return fail('SpawnFailed', sentence, { errno, command, cwd }, { cause });
}

/** The symbol of a system error; null for any other. */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || !('errno' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
