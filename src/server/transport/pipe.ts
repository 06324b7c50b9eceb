import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { overStreams } from './byteStreams.ts';
import { turnOutputToStderr } from './output.ts';
import type { Transport } from './transport.ts';

/**
 * Connects to the socket, or on Windows the named pipe, that the host listens on, as LSP’s `--pipe`. Whoever listens there drives us, so
 * on POSIX the socket has to belong to our user or to root. Throws a sentence.
 */
export async function connectPipe(path: string): Promise<Transport> {
  turnOutputToStderr();
  await assertOwner(path);
  // Half open, because what was asked before the host ended its side is still answered.
  const socket = connect({ path, allowHalfOpen: true });
  try {
    await once(socket, 'connect');
  } catch (error) {
    throw new Error(`Nobody listens on ${path} (${codeOf(error)}); the host has to listen before it starts the sidecar.`, { cause: error });
  }
  return overStreams(socket, socket, () => socket.destroySoon());
}

async function assertOwner(path: string): Promise<void> {
  const own = process.getuid?.();
  if (own === undefined) return;
  const found = await stat(path).catch((error: unknown) => {
    throw new Error(`There is no socket ${path} to connect to (${codeOf(error)}).`, { cause: error });
  });
  if (!found.isSocket()) throw new Error(`${path} is no socket.`);
  if (found.uid !== own && found.uid !== 0) {
    throw new Error(`The socket ${path} belongs to the user ${found.uid}, who would drive the sidecar with the rights of ${own}.`);
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
