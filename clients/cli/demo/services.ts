import { fileURLToPath } from 'node:url';
import type { NotificationParams } from '../../../src/protocol/methods/index.ts';
import type { SidecarConnection } from '../sidecar.ts';
import { heading, say, timed, within } from './stage.ts';

type Service = NotificationParams<'event/service'>['service'];

const program = fileURLToPath(new URL('actor.ts', import.meta.url));

/** Two services, of which one needs the other; a crash with its restart; an end in reverse order. */
export async function superviseServices(sidecar: SidecarConnection): Promise<void> {
  const changes: Service[] = [];
  const stopListening = sidecar.on('event/service', ({ service }) => {
    const before = changes.findLast(({ name }) => name === service.name);
    changes.push(service);
    if (before?.state !== service.state || before.ready !== service.ready) say(tell(service));
  });
  const { subscriptionId } = await sidecar.call('events/subscribe', { topics: ['service'] });
  heading('service/apply: a database, and an API that waits until it is ready', null);
  await sidecar.call('service/apply', { services: [spec('db'), { ...spec('api'), dependsOn: [{ name: 'db', condition: 'ready' }] }] });
  await seen(changes, ({ name, ready }) => name === 'api' && ready);

  const crashed = changes.findLast(({ name }) => name === 'db')?.process?.pid as number;
  heading(`the database crashes (SIGKILL to pid ${crashed})`, null);
  process.kill(crashed, 'SIGKILL');
  await seen(changes, ({ name, ready, restarts }) => name === 'db' && ready && restarts === 1);

  const mark = changes.length;
  const { ms } = await timed(async () => {
    heading('service/remove: dependants end first', null);
    await sidecar.call('service/remove', { group: 'demo' });
  });
  const ends = changes.slice(mark).filter(({ state }) => state === 'stopped');
  if (ends.map(({ name }) => name).join() !== 'api,db') throw new Error('They should have ended in reverse order: that is a bug.');
  say(`both have ended, after ${Math.round(ms)} ms`);
  await sidecar.call('events/unsubscribe', { subscriptionId });
  stopListening();
}

/** The sidecar finds a port, tells it to the program, and asks there whether it is ready. */
function spec(name: string) {
  return {
    name,
    group: 'demo',
    command: process.execPath,
    args: [program, 'backend', `$\{port:main}`],
    ports: [{ name: 'main' }],
    readiness: { kind: 'tcp' as const, periodMs: 50 },
    restart: { backoffMs: 100 },
  };
}

function tell({ name, state, ready, process, ports, cause }: Service): string {
  const who = process === null ? '' : `, pid ${process.pid}`;
  const where = ready ? `, ready on port ${ports[0]?.port}` : '';
  return `event/service: ${name} is ${state}${who}${where}${cause === undefined || state === 'running' ? '' : `. ${cause}`}`;
}

async function seen(changes: readonly Service[], matches: (service: Service) => boolean): Promise<void> {
  let isOver = false;
  const looking = (async () => {
    while (!isOver && !changes.some(matches)) await new Promise((resolve) => setTimeout(resolve, 10));
  })();
  await within(looking).finally(() => {
    isOver = true;
  });
}
