import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { createKnock } from '../../src/server/os/knock.ts';
import { python } from '../harness/needs.ts';
import { only } from '../harness/only.ts';
import { findFreePort } from '../harness/ports.ts';
import { spawnProgram } from '../harness/processes.ts';
import { hasNative } from '../harness/sidecar.ts';

/* What a port of the loopback says at once; what it does not is asked by a socket of Node’s. */

const canKnock = process.platform === 'linux' && hasNative;
const knock = createKnock({ native: canKnock, platform: process.platform });
const onNativeLinux = only(canKnock, 'needs native calls (koffi) on Linux');

onNativeLinux(test)('whoever listens answers, and sees a connection that ends', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection');
  expect(knock(port)).toEqual({ kind: 'answered' });
  const [socket] = await accepted;
  socket.resume();
  await once(socket, 'end');
  server.close();
  await once(server, 'close');
});

onNativeLinux(test)('a free port refuses, and no descriptor is left of a thousand questions', async () => {
  const port = await findFreePort();
  expect(knock(port)).toEqual({ kind: 'refused', errno: 'ECONNREFUSED' });
  const before = readdirSync('/proc/self/fd').length;
  for (let count = 0; count < 1_000; count += 1) knock(port);
  expect(readdirSync('/proc/self/fd').length).toBeLessThan(before + 100);
});

only(canKnock && python !== null, 'needs native calls (koffi) on Linux, and python3')(test)(
  'one that takes no more connections says nothing, and nobody waits for it',
  async () => {
    const script = `import socket, time
listener = socket.socket()
listener.bind(('127.0.0.1', 0))
listener.listen(0)
print(listener.getsockname()[1], flush=True)
time.sleep(600)`;
    await using listener = await spawnProgram([python as string, '-c', script]);
    const port = Number(listener.ready);
    const answers = Array.from({ length: 4 }, () => knock(port));
    expect(answers[0]).toEqual({ kind: 'answered' });
    expect(answers.at(-1)).toBeNull();
  },
);

test('without native calls nothing is said', () => {
  expect(createKnock({ native: false, platform: 'linux' })(1)).toBeNull();
  expect(createKnock({ native: true, platform: 'darwin' })(1)).toBeNull();
});
