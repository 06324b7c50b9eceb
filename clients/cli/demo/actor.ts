import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';

/*
 * A program of the demo that holds a port. It says which on stdout, as `{"port", "pids"}`, and ends with its stdin, so
 * that it cannot outlive the demo however that ends. `backend` is a service and has no stdin: it ends after a minute.
 */

const roles: Record<string, () => Promise<void>> = {
  async web() {
    const server = createHttpServer((_, response) => response.end('hello\n')).listen(0);
    await once(server, 'listening');
    announce(server.address());
  },

  async loopback() {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    announce(server.address());
  },

  /** One listening socket in two processes, as with every server that forks its workers. */
  async shared() {
    const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const worker = fork(import.meta.filename, ['worker']);
    worker.send('listen', server);
    await once(worker, 'message');
    announce(server.address(), [process.pid, worker.pid as number]);
  },

  async worker() {
    process.once('disconnect', () => process.exit());
    process.once('message', (_, server) => {
      (server as Server).on('connection', (socket) => socket.end());
      process.send?.('listening');
    });
  },

  async names() {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    announce(socket.address());
  },

  async stubborn() {
    process.on('SIGTERM', () => {});
    // On every address, so that the port is nobody else’s: whoever holds it is ended.
    const server = createServer((socket) => socket.end()).listen(0);
    await once(server, 'listening');
    announce(server.address());
  },

  async backend() {
    createServer((socket) => socket.end()).listen(Number(process.argv[3]), '127.0.0.1');
    setTimeout(() => process.exit(), 60_000);
  },
};

const role = process.argv[2] ?? '';
process.title = `demo-${role}`;
if (role !== 'worker' && role !== 'backend') process.stdin.on('end', () => process.exit()).resume();
await roles[role]?.();

function announce(address: AddressInfo | string | null, pids = [process.pid]): void {
  process.stdout.write(`${JSON.stringify({ port: (address as AddressInfo).port, pids })}\n`);
}
