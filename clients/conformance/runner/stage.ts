import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createReader } from './bytes.ts';
import { createInbox, type Inbox } from './inbox.ts';
import { onLines } from './lines.ts';

/** One scripted sidecar: what its client said to it, and what it is told to do. */
export interface Actor {
  pid: number;
  messages: Inbox<Record<string, unknown>>;
  order(order: { write?: string; log?: string; closeOutput?: true; exit?: number }): void;
}

/** Where scripted sidecars report. */
export interface Stage extends AsyncDisposable {
  /** What a client has to start to get one. */
  command(client: string): [string, ...string[]];
  /** The next one that is started for this client. */
  enters(client: string): Promise<Actor>;
}

export async function openStage(): Promise<Stage> {
  const entrances = new Map<string, Inbox<Actor>>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    receive(socket, (client, actor) => entranceOf(client).put(actor));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    command: (client) => [process.execPath, fileURLToPath(new URL('scriptedSidecar.mjs', import.meta.url)), String(portOf(server)), client],
    enters: (client) => entranceOf(client).next(`a sidecar for ${client}`),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };

  function entranceOf(client: string): Inbox<Actor> {
    const known = entrances.get(client) ?? createInbox<Actor>();
    entrances.set(client, known);
    return known;
  }
}

export const portOf = (server: Server) => (server.address() as AddressInfo).port;

function receive(socket: Socket, enter: (client: string, actor: Actor) => void): void {
  const messages = createInbox<Record<string, unknown>>();
  const read = createReader(messages.put);
  socket.on('error', () => {}).on('close', () => messages.close('the sidecar has ended'));
  onLines(socket, (line) => {
    const { client, pid, bytes, end } = JSON.parse(line) as { client?: string; pid: number; bytes?: string; end?: true };
    if (client !== undefined) enter(client, { pid, messages, order: (order) => socket.write(`${JSON.stringify(order)}\n`) });
    try {
      if (bytes !== undefined) read(Buffer.from(bytes, 'base64'));
    } catch (error) {
      messages.close((error as Error).message);
    }
    if (end) messages.close('the client has closed the input');
  });
}
