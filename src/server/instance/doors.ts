import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstat, mkdir, rename, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Log } from '../../log.ts';
import { fail } from '../../protocol/errors.ts';
import type { FileKey } from '../os/fileKey.ts';
import { findFault, makeOwnDirectory } from '../os/ownDirectory.ts';
import { assertPrivateDirectory, makePrivateDirectory } from '../os/paths.ts';
import type { PlaceSystem } from './places.ts';
import { sweepDoors } from './sweepDoors.ts';

/*
 * The socket beside a lock. It is named after the locked file itself, so that whoever holds another file, an older one that
 * was renamed, say, has another door. It lies in a directory that only this user can enter.
 */

export interface Door {
  readonly server: Server;
  /** Takes the name away, and no more visitors; those inside stay. */
  close(): Promise<void>;
}

export type Knock = { kind: 'open'; socket: Socket } | { kind: 'closed'; reason: string };

export interface Doors {
  /** Throws PermissionDenied when there is no directory for it that is ours alone. */
  open(file: FileKey, onVisitor: (socket: Socket) => void): Promise<Door>;
  knock(file: FileKey): Promise<Knock>;
}

export const doorName = ({ dev, ino }: Pick<FileKey, 'dev' | 'ino'>): string =>
  createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 16);

/** A door is made under a name of its own and then renamed: 16 characters, a dot, and a pid to the base 36. */
const longestName = 16 + 1 + 6;

/** Where doors can be, the best first: in the first whose paths are short enough for a socket, and which is ours alone. */
export function doorDirectories({ fallback, socketPathBytes }: PlaceSystem, base: string, uid: number): string[] {
  const bases = new Set([base, fallback(uid), `/tmp/sidewarden-${uid}`]);
  return [...bases].map((one) => join(one, 'doors')).filter((one) => Buffer.byteLength(one) + 1 + longestName <= (socketPathBytes ?? 0));
}

export function createDoors(directories: string[], log: Log): Doors {
  const swept = new Set<string>();
  return {
    async open(file, onVisitor) {
      const faults: string[] = [];
      for (const directory of directories) {
        const answer = await openIn(directory, doorName(file), onVisitor, log);
        if (!('fault' in answer)) {
          sweepOnce(directory, doorName(file));
          return answer;
        }
        faults.push(answer.fault);
      }
      throw fail('PermissionDenied', `No socket can be opened for second instances, so the lock was let go: ${faults.join('; ')}.`, {
        operation: 'listen',
      });
    },

    async knock(file) {
      const reasons: string[] = [];
      for (const directory of directories) {
        const answer = await knockIn(directory, doorName(file));
        if (answer.kind === 'open') return answer;
        reasons.push(answer.reason);
      }
      return { kind: 'closed', reason: reasons.find((reason) => reason !== nobody) ?? nobody };
    },
  };

  /** Nobody waits for it. */
  function sweepOnce(directory: string, newest: string): void {
    if (swept.has(directory)) return;
    swept.add(directory);
    sweepDoors(directory, newest).catch((error: unknown) => log.debug({ err: error }, 'old sockets of locks could not be swept away'));
  }
}

/** Why nobody can be asked, where that is all there is to say. */
export const nobody = 'The lock is held, but nobody listens beside it: its holder is starting, dying, or no sidecar.';

type Opened = Door | { fault: string };

async function openIn(directory: string, name: string, onVisitor: (socket: Socket) => void, log: Log): Promise<Opened> {
  try {
    const fault = await prepare(directory);
    return fault === null ? await openAt(join(directory, name), onVisitor, log) : { fault: `${directory} ${fault}` };
  } catch (error) {
    return { fault: error instanceof Error ? error.message.replace(/\.$/, '') : String(error) };
  }
}

/** Null when it is there, or made, and ours alone; whoever waits for a lock waits for this, so it looks before it makes anything. */
async function prepare(directory: string): Promise<string | null> {
  const base = dirname(directory);
  try {
    const [fault] = await Promise.all([findFault(directory), assertPrivateDirectory(base)]);
    return fault;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await mkdir(dirname(base), { recursive: true });
  await makePrivateDirectory(base);
  return makeOwnDirectory(directory);
}

/** Whatever is at the name, left by a crash or put there, is replaced: who opens a door has the lock that it belongs to. */
async function openAt(path: string, onVisitor: (socket: Socket) => void, log: Log): Promise<Door> {
  const made = `${path}.${process.pid.toString(36)}`;
  const server = await listenAt(made, onVisitor);
  server.maxConnections = mostVisitors;
  server.on('error', (error) => log.warn({ err: error }, 'a second instance could not be let in'));
  try {
    await moveTo(path, made);
  } catch (error) {
    server.close();
    throw error;
  }
  const inode = inodeAt(path);
  return {
    server,
    async close() {
      const ours = await inode;
      if (ours !== null && ours === (await inodeAt(path))) await rm(path, { force: true });
      server.close();
    },
  };
}

async function listenAt(path: string, onVisitor: (socket: Socket) => void): Promise<Server> {
  const server = createServer(onVisitor).listen(path);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  }
  // One that had our pid was killed between its bind and its rename.
  await rm(path, { recursive: true, force: true });
  const again = createServer(onVisitor).listen(path);
  await once(again, 'listening');
  return again;
}

async function moveTo(path: string, made: string): Promise<void> {
  await rename(made, path).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EISDIR' && error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    await rm(path, { recursive: true });
    await rename(made, path);
  });
}

const inodeAt = (path: string): Promise<number | null> =>
  lstat(path).then(
    ({ ino }) => ino,
    () => null,
  );

/** Whoever waits for a lock stays inside; the next one has to look at the lock itself from time to time. */
export const mostVisitors = 512;

async function knockIn(directory: string, name: string): Promise<Knock> {
  try {
    await assertPrivateDirectory(dirname(directory));
    const fault = await findFault(directory);
    if (fault !== null) return { kind: 'closed', reason: `The holder of the lock cannot be reached: ${directory} ${fault}.` };
    const socket = createConnection(join(directory, name));
    await once(socket, 'connect');
    return { kind: 'open', socket };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return { kind: 'closed', reason: nobody };
    if (code === 'EAGAIN') return { kind: 'closed', reason: 'The holder of the lock takes no more visitors: it hangs, or is stopped.' };
    return { kind: 'closed', reason: `The holder of the lock cannot be reached: ${message}` };
  }
}
