import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createListenPort, type ListenSocket } from '../../src/server/os/listenSocket.ts';
import { isLinux } from '../harness/needs.ts';
import { only, withIpv6 } from '../harness/only.ts';
import { findFreePort, listen } from '../harness/ports.ts';
import { hasNative } from '../harness/sidecar.ts';

const listenPort = createListenPort({ native: true, platform: 'linux' });

only(isLinux && hasNative, 'needs Linux and native calls (koffi)')(describe)('a listening socket to hand over', () => {
  test('what connects while nobody accepts is served by whoever gets the descriptor next', async () => {
    const port = await findFreePort();
    using socket = disposable(listenPort(port, '127.0.0.1'));
    const first = ask(port);
    await using one = serveOn(socket.fd, 'one');
    expect(await first).toBe('one');
    await one.kill();
    const second = ask(port);
    await using _two = serveOn(socket.fd, 'two');
    expect(await second).toBe('two');
  });

  withIpv6(test)('a wildcard of IPv6 takes both families', async () => {
    const port = await findFreePort();
    using socket = disposable(listenPort(port, '::'));
    await using _server = serveOn(socket.fd, 'both');
    expect(await Promise.all([ask(port, '127.0.0.1'), ask(port, '::1')])).toEqual(['both', 'both']);
  });

  test('closed, nobody can connect, and the port can be had again at once', async () => {
    const port = await findFreePort();
    const socket = listenPort(port, '127.0.0.1');
    const waiting = ask(port).catch((error: NodeJS.ErrnoException) => error.code);
    socket.close();
    socket.close();
    expect(await waiting).toMatch(/ECONNRESET|ECONNREFUSED/);
    expect(await ask(port).catch((error: NodeJS.ErrnoException) => error.code)).toBe('ECONNREFUSED');
    listenPort(port, '127.0.0.1').close();
  });

  test('one that cannot be had says why', async () => {
    await using taken = await listen({ port: 0, host: '127.0.0.1' });
    const conflict = (why: string) =>
      expect.objectContaining({ failure: expect.objectContaining({ kind: 'Conflict', message: expect.stringContaining(why) }) });
    expect(() => listenPort(taken.port, '127.0.0.1')).toThrow(conflict('somebody else has it'));
    expect(() => listenPort(taken.port, '192.0.2.1')).toThrow(conflict('no such address'));
  });
});

test('without native calls it is refused, and the way out is told', () => {
  for (const platform of ['linux', 'darwin'])
    expect(() => createListenPort({ native: false, platform })(1, '127.0.0.1')).toThrow(/passFd.*install koffi/);
  expect(() => createListenPort({ native: true, platform: 'win32' })(1, '127.0.0.1')).toThrow(/no descriptors.*passFd/);
});

const disposable = (socket: ListenSocket) => ({ ...socket, [Symbol.dispose]: () => socket.close() });

/** A program that accepts on its descriptor 3 and says a word. */
function serveOn(fd: number, word: string): AsyncDisposable & { kill(): Promise<void> } {
  const script = `require('net').createServer((socket) => socket.end(${JSON.stringify(word)})).listen({ fd: 3 })`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'inherit', 'inherit', fd] });
  const exited = once(child, 'exit');
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { kill, [Symbol.asyncDispose]: kill };
}

async function ask(port: number, host = '127.0.0.1'): Promise<string> {
  const socket = connect(port, host);
  try {
    const [word] = (await once(socket, 'data')) as [Buffer];
    return word.toString();
  } finally {
    socket.destroy();
  }
}
