import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type Socket, type SocketOptions } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { loadLibc } from '../../src/native/linux/libc.ts';
import { createLinuxSockets } from '../../src/workers/platform/linux/sockets.ts';
import type { Platform } from '../../src/workers/platform/types.ts';

/* What the socket tests set up: real sockets and real processes, away again at the end of the block. */

export interface Place extends AsyncDisposable {
  port: number;
}

export const hasIpv6 = Object.values(networkInterfaces()).some((entries) => entries?.some(({ address }) => address === '::1'));
export const hasKoffi = loadLibc() !== null;

/** Both ways to ask; tasks touch nothing of a platform but its sockets here. */
export const sources = [
  { source: 'kernel', native: true },
  { source: 'procfs', native: false },
] as const;

export const socketsOnly = (native: boolean): Platform => ({ sockets: createLinuxSockets({ native }) }) as unknown as Platform;

/** On a port of its own, unless one is named: a port from the kernel (0) may be held on another address. */
export async function listen(options: ListenOptions): Promise<Place & { server: Server }> {
  const server = createServer().listen({ ...options, port: options.port ?? (await findFreePort()) });
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return { server, port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

export async function bindUdp(
  address: string,
  options: Partial<SocketOptions> & { port?: number } = {},
): Promise<Place & { socket: Socket }> {
  const { port = await findFreePort(), ...rest } = options;
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4', ...rest });
  socket.bind({ port, address, exclusive: true });
  await once(socket, 'listening');
  const close = async (): Promise<void> => {
    socket.close();
    await once(socket, 'close');
  };
  return { socket, port: socket.address().port, [Symbol.asyncDispose]: close };
}

/** A port that nobody holds, outside the range from which others get theirs. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = 15_000 + Math.floor(Math.random() * 15_000);
    try {
      await using both = await listen({ port, host: '0.0.0.0' });
      await using udp = await bindUdp('0.0.0.0', { port });
      return both.port && udp.port;
    } catch {
      // Held; the next one.
    }
  }
}

/** TCP bound to 127.0.0.1 and not listening, without SO_REUSEADDR: Node itself cannot make one. */
export async function bindWithoutListening(): Promise<Place> {
  const libc = loadLibc();
  if (libc === null) throw new Error('needs koffi');
  const { lib } = libc;
  const port = await findFreePort();
  const fd = lib.func('int socket(int domain, int type, int protocol)')(2, 1 | 0o2000000, 0) as number;
  const address = Buffer.from([2, 0, port >> 8, port & 0xff, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  if (lib.func('int bind(int fd, const void *address, uint32_t length)')(fd, address, 16) !== 0) throw new Error('bind failed');
  return { port, [Symbol.asyncDispose]: async () => lib.func('int close(int fd)')(fd) };
}

export interface Program extends AsyncDisposable {
  pid: number;
}

/** A fixture program that says `ready` and ends with its input. */
export async function start(
  program: string,
  args: readonly (string | number)[],
  options: { fd?: number; prefix?: string[] } = {},
): Promise<Program> {
  const [command = '', ...rest] = [...(options.prefix ?? []), process.execPath, fixture(program), ...args.map(String)];
  const child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'inherit', ...(options.fd === undefined ? [] : [options.fd])] });
  const end = async (): Promise<void> => {
    const closed = once(child, 'close');
    child.stdin?.destroy();
    await closed;
  };
  await untilReady(child);
  return { pid: child.pid as number, [Symbol.asyncDispose]: end };
}

async function untilReady(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the program ended before it was ready')));
  await Promise.race([once(child.stdout as NodeJS.ReadableStream, 'data'), ended]);
  ended.catch(() => {});
}

/** The answers of a socket task to each input, asked all at once in a process of its own. */
export async function runTaskElsewhere<Value>(task: string, native: boolean, inputs: object[], uid?: number): Promise<Value[]> {
  const child = spawn(process.execPath, [fixture('runTask'), task, native ? 'native' : 'plain', JSON.stringify(inputs)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await once(child, 'close');
  return JSON.parse(output) as Value[];
}

const fixture = (program: string): string => join(import.meta.dirname, '..', 'fixtures', 'programs', `${program}.mjs`);
