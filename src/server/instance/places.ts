import { createHash } from 'node:crypto';
import { mkdir, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { fail } from '../../protocol/errors.ts';
import type { Params } from '../../protocol/methods/index.ts';
import { findLockHome, isLocalDirectory, makePrivateDirectory } from '../os/paths.ts';

/** A file to lock. Which one it is depends on user, app and name alone, or on the directory, app and name. */
export interface LockPlace {
  path: string;
  /** Its permissions, where it has to be made. */
  fileMode: number;
  name: string;
  scope: 'user' | 'path';
}

export interface PlaceSystem {
  /** Where a program keeps what has to survive a logout, under the user’s home. */
  stateDirectory: string[];
  /** Where the home cannot be used. Neither a logout nor a reboot empties it. */
  fallback(uid: number): string;
  /** The longest path of a socket: sun_path without its NUL (unix(7); sys/un.h of xnu). Null: a door is a named pipe, which is no file. */
  socketPathBytes: number | null;
}

export const placeSystems: Record<'linux' | 'darwin' | 'win32', PlaceSystem> = {
  linux: { stateDirectory: ['.local', 'state'], fallback: (uid) => `/var/tmp/sidewarden-${uid}`, socketPathBytes: 107 },
  darwin: { stateDirectory: ['Library', 'Application Support'], fallback: (uid) => `/var/tmp/sidewarden-${uid}`, socketPathBytes: 103 },
  // The profile is what the system says (GetUserProfileDirectory), not the environment; there is none of that name without one.
  win32: { stateDirectory: ['AppData', 'Local'], fallback: () => 'C:\\ProgramData\\sidewarden', socketPathBytes: null },
};

export function placeSystemOf(platform: string): PlaceSystem {
  if (Object.hasOwn(placeSystems, platform)) return placeSystems[platform as keyof typeof placeSystems];
  throw fail('Unsupported', `This sidecar has no single-instance locks on ${platform} yet.`, { capability: 'instance', platform });
}

/** The directory under which this user’s locks and doors live; null for the home when that cannot be used. */
export function lockBase(system: PlaceSystem, home: string | null, uid: number): string {
  return home === null ? system.fallback(uid) : join(home, ...system.stateDirectory, 'sidewarden');
}

export async function findLockBase(platform: string): Promise<string> {
  return lockBase(placeSystemOf(platform), await findLockHome(), ownUid());
}

export const lockDirectoryOf = (base: string): string => join(base, 'locks');

export const ownUid = (): number => process.getuid?.() ?? 0;

export type WhichLock = Pick<Params<'instance/acquire'>, 'name' | 'scope' | 'path'>;

/** Throws InvalidParams, NotFound or Unsupported for a directory in which no lock can be. */
export async function findLockPlace(base: string, appId: string, { name = appId, scope = 'user', path }: WhichLock): Promise<LockPlace> {
  if (scope === 'path') return { ...(await inDirectory(appId, name, path)), name, scope };
  if (path !== undefined) throw wrongPath('goes with the scope path only');
  return { path: join(lockDirectoryOf(base), userLockName({ uid: ownUid(), appId, name })), fileMode: 0o600, name, scope };
}

export const userLockName = ({ uid, appId, name }: { uid: number; appId: string; name: string }): string =>
  `${hash([uid, appId, name])}.lock`;

export const pathLockName = ({ appId, name }: { appId: string; name: string }): string =>
  `.sidewarden-${hash([appId, name]).slice(0, 32)}.lock`;

/** As JSON, because no separator could not be part of a name as well. */
const hash = (parts: unknown[]): string => createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** Makes the directories that a lock of scope `user` needs; one of scope `path` has its own. */
export async function preparePlace({ path, scope }: LockPlace): Promise<void> {
  if (scope === 'path') return;
  const locks = dirname(path);
  await mkdir(dirname(dirname(locks)), { recursive: true });
  for (const directory of [dirname(locks), locks]) await makePrivateDirectory(directory);
}

async function inDirectory(appId: string, name: string, directory: string | undefined): Promise<Pick<LockPlace, 'path' | 'fileMode'>> {
  if (directory === undefined) throw wrongPath('is needed with the scope path');
  if (!isAbsolute(directory)) throw wrongPath('must be absolute');
  if (directory.includes('\0')) throw wrongPath('has a NUL in it, which no path has');
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') {
      throw fail('PermissionDenied', `This user may not look into the way to ${directory}.`, { operation: 'lock' }, { cause: error });
    }
    if (error.code === 'ENAMETOOLONG' || error.code === 'ELOOP') throw wrongPath(`cannot be followed (${error.code})`);
    if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
    throw fail('NotFound', `There is no directory ${directory}; a lock of scope path needs one that is there.`, { what: directory });
  });
  if (!found.isDirectory()) throw wrongPath('must be a directory');
  const real = await realpath(directory);
  if (!(await isLocalDirectory(real))) {
    const sentence = `${directory} is on a network file system, whose locks may exclude nobody; choose a local directory.`;
    throw fail('Unsupported', sentence, { capability: 'fileLock', platform: 'any' });
  }
  // As open as the directory: whoever may write to it takes part, and could replace the file anyway.
  return { path: join(real, pathLockName({ appId, name })), fileMode: 0o600 | sharedBits(found.mode) };
}

const sharedBits = (mode: number): number => ((mode & 0o020) === 0 ? 0 : 0o060) | ((mode & 0o002) === 0 ? 0 : 0o006);

function wrongPath(message: string) {
  return fail('InvalidParams', `The path of the lock is wrong: it ${message}.`, { issues: [{ path: 'path', message }] });
}
