import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { win32 } from 'node:path';
import { loadNamedMutexes, type NamedMutexes } from '../../native/win32/namedMutex.ts';
import { errnoOf } from './program.ts';
import { findWindowsUser } from './windowsUser.ts';

/**
 * Locks of Windows: what is locked is the path of a file, and for its user alone, by a kernel object that goes with its holder.
 * The file itself excludes nobody; it says who the holder is.
 */
export interface MutexLocks {
  /** Null: held by another. */
  take(path: string): Promise<{ release(): void } | null>;
  /** Takes nothing, not even for a moment. */
  isHeld(path: string): Promise<boolean>;
}

/** Null without native calls. */
export function loadMutexLocks(): MutexLocks | null {
  const mutexes = loadNamedMutexes();
  const user = findWindowsUser();
  return mutexes === null || user === null ? null : lockBy(mutexes, user.name);
}

function lockBy(mutexes: NamedMutexes, user: string): MutexLocks {
  return {
    async take(path) {
      const made = mutexes.make(nameOf(await canonical(path), user));
      return made === 'exists' ? null : { release: () => mutexes.close(made.handle) };
    },
    isHeld: async (path) => mutexes.exists(nameOf(await canonical(path), user)),
  };
}

/** Two names of one file are one lock: Windows tells capitals from others in no name, and has links and short names on the way. */
async function canonical(path: string): Promise<string> {
  const directory = win32.dirname(path);
  const real = await realpath(directory).catch((error: unknown) => {
    // Whoever opens the file next says so.
    if (errnoOf(error) !== null) return directory;
    throw error;
  });
  return win32.join(real, win32.basename(path)).toLowerCase();
}

/** In all sessions of this machine the same (learn.microsoft.com, Kernel Object Namespaces). */
const nameOf = (path: string, user: string): string =>
  `Global\\sidewarden-${user}-${createHash('sha256').update(path).digest('hex').slice(0, 32)}`;
