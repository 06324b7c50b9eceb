import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Log } from '../../log.ts';
import { fail } from '../../protocol/errors.ts';
import type { FileKey } from '../os/fileKey.ts';
import { keepPipeToOurselves, lookAtPipe, type PipeState } from '../os/ownPipe.ts';
import { type Doors, type Knock, mostVisitors, nobody } from './doors.ts';

/*
 * The named pipe beside a lock, on Windows. Its name is random, so that nobody can have taken it before, and what a holder that
 * has gone has left of its own stands in no way; a file in a directory of this user has the name for whoever knocks.
 */

export function createPipeDoors(directory: string, log: Log): Doors {
  const signOf = ({ path }: FileKey) => join(directory, createHash('sha256').update(path.toLowerCase()).digest('hex').slice(0, 16));

  return {
    async open(file, onVisitor) {
      const pipe = `${pipePrefix}${randomUUID()}`;
      const server = await listenAt(pipe, onVisitor, log);
      try {
        const problem = keepPipeToOurselves(pipe);
        if (problem !== null) throw new Error(problem);
        await mkdir(directory, { recursive: true });
        await writeFile(signOf(file), pipe);
      } catch (error) {
        server.close();
        const why = error instanceof Error ? error.message : String(error);
        throw fail('PermissionDenied', `No pipe can be opened for second instances, so the lock was let go: ${why}.`, {
          operation: 'listen',
        });
      }
      return {
        server,
        async close() {
          if ((await readSign(signOf(file))) === pipe) await rm(signOf(file), { force: true });
          server.close();
        },
      };
    },

    async knock(file) {
      const pipe = await readSign(signOf(file));
      if (pipe === null) return { kind: 'closed', reason: nobody };
      const state = lookAtPipe(pipe);
      return state === 'ours' ? enter(pipe) : { kind: 'closed', reason: reasons[state] };
    },
  };
}

const pipePrefix = '\\\\.\\pipe\\sidewarden-';

const reasons: Record<Exclude<PipeState, 'ours'>, string> = {
  gone: nobody,
  busy: 'The holder of the lock takes no more visitors just now: it is busy, hangs, or is stopped.',
  foreign: 'The pipe beside the lock was made by another user, so nothing was said to it.',
};

/** Whole, or nothing: another may be writing it just now. */
async function readSign(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.startsWith(pipePrefix) && text.length === pipePrefix.length + uuidLength ? text : null;
}
const uuidLength = 36;

/** Node makes its first instance with FILE_FLAG_FIRST_PIPE_INSTANCE: where there is a pipe of this name already, it fails. */
async function listenAt(pipe: string, onVisitor: (socket: Socket) => void, log: Log): Promise<Server> {
  const server = createServer(onVisitor).listen(pipe);
  await once(server, 'listening');
  server.maxConnections = mostVisitors;
  server.on('error', (error) => log.warn({ err: error }, 'a second instance could not be let in'));
  return server;
}

/** Where every instance is taken, Node would wait for half a minute. */
const longestConnectMs = 2_000;

async function enter(pipe: string): Promise<Knock> {
  const socket = createConnection({ path: pipe, timeout: longestConnectMs });
  socket.once('timeout', () => socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
  try {
    await once(socket, 'connect');
    socket.setTimeout(0);
    return { kind: 'open', socket };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { kind: 'closed', reason: nobody };
    if (code === 'ETIMEDOUT') return { kind: 'closed', reason: reasons.busy };
    return { kind: 'closed', reason: `The holder of the lock cannot be reached: ${message}` };
  }
}
