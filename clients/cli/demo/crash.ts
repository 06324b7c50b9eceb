import { fileURLToPath } from 'node:url';
import { renderOutcomes } from '../outcomes.ts';
import type { SidecarConnection } from '../sidecar.ts';
import { paint } from '../terminal.ts';
import { becomeHost } from './host.ts';
import type { Actor } from './scene.ts';
import { heading, say, timed, width } from './stage.ts';

/** A sidecar that starts a service is killed, and the next one of the same app ends what is left, and nobody else. */
export async function cleanUpAfterCrash(stateDir: string, bystanders: readonly Actor[]): Promise<void> {
  const { pid, port } = await startAndCrash(stateDir);
  await using next = await becomeHost(stateDir);
  const holders = await findHolders(next, port);
  say(`its service lives on as an orphan: port ${port} is held by pid ${holders.join()}`);
  if (holders.join() !== String(pid)) throw new Error(`Port ${port} should still be held by pid ${pid}: that is a bug.`);

  const { value, ms } = await timed(() => next.call('cleanup/run', {}));
  heading('cleanup/run, by the next sidecar of this app: it reads what the dead one had written down', ms);
  for (const line of renderOutcomes(value.leftovers, { width, heading: (text) => paint('dim', text) })) say(line);
  const ended = value.leftovers.map(({ process }) => process.pid);
  if (ended.join() !== String(pid))
    throw new Error(`It should have ended pid ${pid} and nobody else, and tells of ${ended.join()}: that is a bug.`);

  const left = await findHolders(next, port);
  const living = await Promise.all(
    bystanders.map(async (actor) => ((await findHolders(next, actor.port, actor.protocol)).length > 0 ? actor.name : null)),
  );
  say(`port ${port} is ${left.length === 0 ? 'free' : 'held'}; ${living.filter((name) => name !== null).join(', ')} did not notice`);
  if (left.length > 0 || living.includes(null)) throw new Error('Somebody is there who should not be, or the reverse: that is a bug.');
}

/** What is left behind is a real process, and ends by itself after a minute should nobody clean up. */
async function startAndCrash(stateDir: string): Promise<{ pid: number; port: number }> {
  await using doomed = await becomeHost(stateDir);
  const { leases } = await doomed.call('port/allocate', { key: 'backend' });
  const port = leases[0]?.port as number;
  const { service } = await doomed.call('service/start', {
    spec: {
      name: 'backend',
      command: process.execPath,
      args: [fileURLToPath(new URL('actor.ts', import.meta.url)), 'backend', String(port)],
    },
  });
  const { reached } = await doomed.call('port/wait', { port, state: 'listening', timeoutMs: 10_000 });
  if (service.process === null || !reached) throw new Error(`The service did not come up: ${service.cause ?? service.state}.`);
  const guards = await findGuards(doomed);
  heading(
    `Another sidecar of this app starts a service, and is killed (SIGKILL) with its guard and the deputy of that: pids ${[doomed.pid, ...guards].join(', ')}`,
    null,
  );
  say('either of those two alone would have ended the service at once; without all three nobody is left who could');
  for (const pid of [...guards, doomed.pid]) process.kill(pid, 'SIGKILL');
  return { pid: service.process.pid, port };
}

async function findGuards(sidecar: SidecarConnection): Promise<number[]> {
  const { processes } = await sidecar.call('process/list', { filter: { ppid: sidecar.pid } });
  return ['sidewarden-guard', 'sidewarden-deputy'].map((name) => {
    const guard = processes.find(({ commandLine }) => commandLine?.includes(name));
    if (guard === undefined) throw new Error(`The sidecar has no ${name}: that is a bug.`);
    return guard.pid;
  });
}

async function findHolders(sidecar: SidecarConnection, port: number, protocol: Actor['protocol'] = 'tcp'): Promise<number[]> {
  const { entries } = await sidecar.call('port/find', { port, protocol });
  return [...new Set(entries.flatMap(({ owners }) => owners.map(({ pid }) => pid)))];
}
