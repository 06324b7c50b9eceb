import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';
import type { PortEntry } from '../../src/protocol/types/port.ts';

interface Place extends AsyncDisposable {
  port: number;
}

/** A server in the test itself, which counts whom it accepted. */
export async function listen(options: ListenOptions): Promise<Place & { server: Server; accepted(): number }> {
  let accepted = 0;
  const server = createServer((socket) => {
    accepted += 1;
    socket.on('error', () => {}).destroy();
  }).listen(options);
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  };
  return { server, accepted: () => accepted, port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

export async function bindUdp(address: string, port = 0, options: Partial<SocketOptions> = {}): Promise<Place & { socket: Socket }> {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', ...options });
  socket.bind({ port, address, exclusive: true });
  await once(socket, 'listening');
  const close = async (): Promise<void> => {
    socket.close();
    await once(socket, 'close');
  };
  return { socket, port: socket.address().port, [Symbol.asyncDispose]: close };
}

/** A port that nobody holds, below the range from which the system gives ports away. */
export async function findFreePort(from = 15_000, to = 30_000): Promise<number> {
  for (;;) {
    const port = from + Math.floor(Math.random() * (to - from));
    try {
      await using tcp = await listen({ port, host: '0.0.0.0' });
      await using udp = await bindUdp('0.0.0.0', port);
      return tcp.port && udp.port;
    } catch {
      // Held; the next one.
    }
  }
}

/** Entries as a test compares them: where, and by whom. */
export const summarize = (entries: PortEntry[]): string[] =>
  entries.map(
    ({ protocol, address, dualStack, owners, visibility }) =>
      `${protocol} ${address}${dualStack ? ' dual' : ''} by ${
        owners
          .map(({ pid }) => pid)
          .sort((left, right) => left - right)
          .join(',') || visibility
      }`,
  );
