import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** What carries a connection, from the host’s side. */
export type Carrier = 'stdio' | 'pipe' | 'nodeIpc';

interface Carried {
  flag: string;
  framing: 'lsp' | 'ndjson';
  stdio: NonNullable<SpawnOptions['stdio']>;
  env: Record<string, string>;
  streamsOf(child: ChildProcess): Promise<{ stdin: Writable; stdout: Readable }>;
  cleanUp(): void;
}

export const carriers: Record<Carrier, () => Promise<Carried>> = {
  stdio: async () => ({
    flag: '--stdio',
    framing: 'lsp',
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {},
    streamsOf: async ({ stdin, stdout }) => ({ stdin: stdin as Writable, stdout: stdout as Readable }),
    cleanUp() {},
  }),

  async pipe() {
    const directory = mkdtempSync(join(tmpdir(), 'sidewarden-pipe-'));
    const path = join(directory, 'host.sock');
    const server = createServer({ allowHalfOpen: true }).listen(path);
    await once(server, 'listening');
    return {
      flag: `--pipe=${path}`,
      framing: 'lsp',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {},
      async streamsOf(child) {
        const exited = once(child, 'exit').then(([code]) => {
          throw new Error(`the sidecar ended with ${code} and did not connect`);
        });
        exited.catch(() => {});
        const [socket] = (await Promise.race([once(server, 'connection'), exited])) as [Socket];
        return { stdin: socket, stdout: socket };
      },
      cleanUp() {
        server.close();
        rmSync(directory, { recursive: true, force: true });
      },
    };
  },

  /**
   * What fork() does, but with the raw channel in the test’s hands: a line of JSON a message, on a socket whose descriptor
   * NODE_CHANNEL_FD tells. So a host can stop reading, or write what no Node would.
   */
  nodeIpc: async () => ({
    flag: '--node-ipc',
    framing: 'ndjson',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: { NODE_CHANNEL_FD: '3', NODE_CHANNEL_SERIALIZATION_MODE: 'json' },
    async streamsOf({ stdio }) {
      const channel = stdio[3] as Socket;
      return { stdin: channel, stdout: channel };
    },
    cleanUp() {},
  }),
};
