import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { MethodName, Params, Result } from '../../../src/protocol/methods/index.ts';
import { frame, notification, readBodies } from '../../bench/client.ts';
import { helloParams } from '../../harness/sidecar.ts';
import { until } from '../../harness/until.ts';

/** What a host does beside the load, on the same connection: its ids are strings, those of the load are numbers. */
export interface LoadHost {
  /** What is still queued when nothing is under way any more: tasks and bytes. */
  leftOver(): Promise<number>;
  end(): Promise<void>;
}

/** Ten lines a second. */
export const talkative = { name: 'talkative', command: 'sh', args: ['-c', 'while :; do echo "a line"; sleep 0.1; done'] };

/** Says hello and asks for events, so that there are some to be dropped. */
export async function openHost(child: ChildProcess, stateDir: string): Promise<LoadHost> {
  const [stdin, stdout] = [child.stdin as Writable, child.stdout as Readable];
  const waiting = new Map<string, (message: { result?: unknown; error?: unknown }) => void>();
  let lastId = 0;
  readBodies(stdout, (body) => {
    // The load’s own are many and large.
    if (waiting.size === 0) return;
    const message = JSON.parse(body.toString()) as { id?: unknown; result?: unknown; error?: unknown };
    waiting.get(message.id as string)?.(message);
  });
  await call('initialize', { ...helloParams, processId: process.pid, options: { stateDir } });
  await call('events/subscribe', { topics: ['serviceLog'] });
  await call('service/start', { spec: talkative });
  await call('port/register', { port: 15_321, name: 'load' });

  return {
    async leftOver() {
      let left = Number.NaN;
      const look = async () => {
        const { pool, outbound } = await call('sidecar/status', {});
        left = pool.threads + pool.queued + outbound.queuedBytes;
        return left === 0;
      };
      // What was cancelled while it ran runs to its end, and the status itself has a look made at its port.
      await until(look, 'the queues to be empty', 10_000).catch(() => {});
      return left;
    },
    async end() {
      await call('shutdown', {});
      stdin.write(notification('exit', {}));
      await once(child, 'exit');
    },
  };

  async function call<Name extends MethodName>(method: Name, params: Params<Name>): Promise<Result<Name>> {
    lastId += 1;
    const id = `h${lastId}`;
    const { promise, resolve } = Promise.withResolvers<{ result?: unknown; error?: unknown }>();
    waiting.set(id, resolve);
    stdin.write(frame(method, params as object, id));
    const { result, error } = await promise;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result as Result<Name>;
  }
}
