import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';

/** Whether locks can live where they have to: the directory is there, or can be made, or neither. */
export type DirectoryState = 'writable' | 'creatable' | 'unusable';

/**
 * Where locks live: under the home that the user database names, not $HOME, so that two programs of one user with
 * different environments meet in one place.
 */
export function lockDirectory(): string {
  return join(passwdHome(), '.local', 'state', 'sidewarden', 'locks');
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

function passwdHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    // No entry for this uid, as in many containers.
    return homedir();
  }
}
