import { once } from 'node:events';
import { lstat, readdir, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { join } from 'node:path';

/**
 * Deletes the sockets that crashes have left beside this one: those that are a day older, and at which nobody listens. One that is
 * in use may be as old; it answers.
 */
export async function sweepDoors(directory: string, newest: string): Promise<void> {
  const { mtimeMs: nowMs } = await lstat(join(directory, newest));
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const found = await lstat(path).catch(() => null);
    if (found?.isSocket() && nowMs - found.mtimeMs > dayMs && (await isAbandoned(path))) await rm(path, { force: true });
  }
}

const dayMs = 24 * 3_600_000;

async function isAbandoned(path: string): Promise<boolean> {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}
