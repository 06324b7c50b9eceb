import type { HostCallParams } from '../../../src/protocol/methods/index.ts';
import { becomeHost } from './host.ts';
import { heading, say, timed } from './stage.ts';

/** One instance takes the lock; another is started, hands over what it was started for, and is answered. */
export async function meetSecondInstance(stateDir: string): Promise<void> {
  const here = { scope: 'path' as const, path: stateDir };
  const heard: (string[] | undefined)[] = [];
  await using first = await becomeHost(stateDir, {
    capabilities: { secondInstance: true },
    async onRequest(_method, params) {
      const { payload } = params as HostCallParams<'host/secondInstance'>;
      heard.push(payload.argv);
      return { handled: true, reply: 'opened in window 2' };
    },
  });
  const { acquired } = await first.call('instance/acquire', here);
  await using second = await becomeHost(stateDir);
  const argv = ['demo', 'notes.txt'];
  const { value, ms } = await timed(() => second.call('instance/acquire', { ...here, payload: { argv } }));
  heading('instance/acquire: another instance of the app is started', ms);
  say(
    `it is told that pid ${value.holder?.sidecar?.pid} has the lock; that one’s host heard: ${heard[0]?.join(' ')}; it replied: ${value.reply}`,
  );
  if (!acquired || value.acquired || !value.delivered)
    throw new Error('There should be one instance, and it should have been told: that is a bug.');
  process.kill(first.pid, 'SIGKILL');
  const next = await timed(() => second.call('instance/acquire', { ...here, waitMs: 10_000 }));
  heading('the sidecar of the first is killed (SIGKILL): the lock is free at once, and nothing is stale', next.ms);
  if (!next.value.acquired) throw new Error('The lock should be free: that is a bug.');
}
