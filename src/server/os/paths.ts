import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, mkdir, stat, statfs } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fail } from '../../protocol/errors.ts';
import { isPosix } from './posix.ts';

/** Whether locks can live where they have to: the directory is there, or can be made, or neither. */
export type DirectoryState = 'writable' | 'creatable' | 'unusable';

/**
 * The home that the user database names, not $HOME, so that two programs of one user with different environments meet in
 * one place. Null where it cannot keep locks: there is none, it is another user’s (`/` of a daemon), or on a network file system.
 */
export async function findLockHome(): Promise<string | null> {
  try {
    const { homedir: home, uid } = userInfo();
    if (!(await isLocalDirectory(home))) return null;
    return uid === -1 || (await stat(home)).uid === uid ? home : null;
  } catch {
    // No entry for this uid, as in many containers.
    return null;
  }
}

/**
 * Where ledgers and registrations live: the directory that the host names, or the user’s own. Locks on a network file system
 * may exclude nobody (flock(2), NFS details), and the processes in a ledger are of this machine: such a home is not used.
 * Makes nothing. Throws InvalidParams for a relative one, and for what is no path.
 */
export async function stateDirectory(named?: string): Promise<string> {
  if (named !== undefined && !isAbsolute(named)) {
    const message = 'must be an absolute path';
    throw fail(
      'InvalidParams',
      `The state directory ${JSON.stringify(named)} is relative, and to what nobody knows; name an absolute one.`,
      {
        issues: [{ path: 'options.stateDir', message }],
      },
    );
  }
  if (named?.includes('\0')) {
    throw fail('InvalidParams', 'The state directory has a NUL in it, which no path has.', {
      issues: [{ path: 'options.stateDir', message: 'must not contain NUL' }],
    });
  }
  if (named !== undefined) return named;
  const home = passwdHome();
  return (await isLocalDirectory(home))
    ? join(home, '.local', 'state', 'sidewarden')
    : `/var/tmp/sidewarden-${process.getuid?.() ?? 'user'}`;
}

/** Under it is one directory an app. */
export const appsDirectory = (stateDir: string): string => join(stateDir, 'apps');

/** What one app keeps under a state directory. */
export function appDirectory(stateDir: string, appId: string): string {
  return join(appsDirectory(stateDir), createHash('sha256').update(appId).digest('hex'));
}

/** The same, made if need be and checked. Throws PermissionDenied where others may write, or an errno of the system. */
export async function makeAppDirectory(stateDir: string, appId: string): Promise<string> {
  await mkdir(dirname(stateDir), { recursive: true });
  const app = appDirectory(stateDir, appId);
  for (const directory of [stateDir, appsDirectory(stateDir), app]) await makePrivateDirectory(directory);
  return app;
}

/** A directory that only this user may write to, 0700 when it is made here. Throws PermissionDenied when it is somebody else’s. */
export async function makePrivateDirectory(directory: string): Promise<void> {
  await mkdir(directory, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await assertPrivateDirectory(directory);
}

/** Throws PermissionDenied for a directory that others may write to; ENOENT where there is none. */
export async function assertPrivateDirectory(directory: string): Promise<void> {
  const own = process.getuid?.();
  const named = await lstat(directory);
  // A link of our own may lead to another disk; one of another user may lead anywhere.
  const found = named.isSymbolicLink() && (own === undefined || named.uid === own) ? await stat(directory) : named;
  if (!found.isDirectory()) throw notOurs(directory, 'is no directory', 'remove it');
  if (own !== undefined && found.uid !== own) throw notOurs(directory, `belongs to the user ${found.uid}`, 'name another state directory');
  // Windows has no such bits: there the user’s profile is closed to others by its access list.
  if (isPosix && (found.mode & 0o022) !== 0) throw notOurs(directory, 'can be written to by others', `run: chmod go-w ${directory}`);
}

function notOurs(directory: string, why: string, wayOut: string) {
  return fail('PermissionDenied', `${directory} ${why}, so what it says cannot be trusted; ${wayOut}.`, { operation: 'useStateDirectory' });
}

/** Looks without making anything. */
export async function directoryState(directory: string): Promise<DirectoryState> {
  try {
    await access(directory, constants.W_OK | constants.X_OK);
    return 'writable';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(directory) === directory) return 'unusable';
    return (await directoryState(dirname(directory))) === 'unusable' ? 'unusable' : 'creatable';
  }
}

/** Where the system tells a network file system from a local one; macOS does not by this call, and all pass there. Windows: by a path without links. */
export async function isLocalDirectory(path: string): Promise<boolean> {
  if (path.startsWith('\\\\')) return false;
  try {
    const [{ type }, found] = await Promise.all([statfs(path), stat(path)]);
    return found.isDirectory() && !networkFileSystems.has(type >>> 0);
  } catch {
    return false;
  }
}

/** include/uapi/linux/magic.h and fs/smb: NFS, SMB, CIFS, SMB2, AFS, Coda, Ceph, 9P (Plan 9, virtio). */
const networkFileSystems = new Set([0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x5346414f, 0x73757245, 0x00c36400, 0x01021997]);

function passwdHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    // No entry for this uid, as in many containers.
    return homedir();
  }
}
