import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A socket, on Windows a named pipe, for one sidecar to connect to. */
export interface Door {
  path: string;
  /** The first one that connects; nobody else may. */
  connected: Promise<Socket>;
  /** Nobody connects any more, and nothing is left on disk. A connection that was made lives on. */
  close(): Promise<void>;
}

/** Listens. On POSIX in a directory that is its user's alone; on Windows under a name that nobody can guess. */
export async function openDoor(): Promise<Door> {
  const directory = process.platform === 'win32' ? null : await mkdtemp(join(shortTemporaryDirectory(), 'sidewarden-'));
  const path = directory === null ? `\\\\.\\pipe\\sidewarden-${randomBytes(16).toString('hex')}` : join(directory, 'host.sock');
  // Half open: what the sidecar says behind our end is still read.
  const server = createServer({ allowHalfOpen: true });
  const close = async () => {
    server.close();
    if (directory !== null) await rm(directory, { recursive: true, force: true });
  };
  try {
    await once(server.listen(path), 'listening');
  } catch (error) {
    await close();
    throw error;
  }
  server.maxConnections = 1;
  const connected = once(server, 'connection').then(([socket]) => socket as Socket);
  return { path, connected, close };
}

/** A socket's path has 103 bytes on macOS and 107 on Linux. */
function shortTemporaryDirectory(): string {
  const directory = tmpdir();
  return Buffer.byteLength(directory) > 70 ? '/tmp' : directory;
}
