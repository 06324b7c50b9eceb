import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NotificationParams } from '../../src/protocol/methods/index.ts';
import { cleanUpAfterCrash } from './demo/crash.ts';
import { evictStubborn } from './demo/eviction.ts';
import { becomeHost, builtSidecar } from './demo/host.ts';
import { type Actor, endActors, startActors } from './demo/scene.ts';
import { meetSecondInstance } from './demo/secondInstance.ts';
import { superviseServices } from './demo/services.ts';
import { heading, say, timed, width, within } from './demo/stage.ts';
import { renderPorts } from './portTable.ts';
import type { SidecarConnection } from './sidecar.ts';
import { complain, paint, print } from './terminal.ts';
import { escapeControls, wrapText } from './text.ts';

/** `npm run demo`: this process plays a host application, with real listeners in real other processes. */
export async function main(): Promise<void> {
  if (!existsSync(builtSidecar)) return stop('dist/ is not built yet; `npm run demo` builds it and then comes here.');
  print('', paint('bold', 'sidewarden: a host application asks its sidecar about ports'));
  const actors = await startActors();
  const stateDir = mkdtempSync(join(tmpdir(), 'sidewarden-demo-'));
  try {
    introduce(actors);
    await playHost(actors, stateDir);
  } catch (error) {
    stop(error instanceof Error ? error.message : String(error));
  } finally {
    await endActors(actors);
    rmSync(stateDir, { recursive: true, force: true });
  }
  if (process.exitCode === undefined)
    print('', 'Everything that this demo started has ended. Next: README.md, or `node_modules/.bin/node dist/bin.js --help`.');
}

function introduce(actors: readonly Actor[]): void {
  heading('Five programs, each a process of its own, take a port', null);
  for (const { name, protocol, port, pids, about } of actors) {
    say(`${name.padEnd(14)} ${protocol.toUpperCase()} ${String(port).padEnd(6)} pid ${pids.join(' and ').padEnd(16)} ${about}`);
  }
}

async function playHost(actors: readonly Actor[], stateDir: string): Promise<void> {
  const spawned = await timed(() => becomeHost(stateDir));
  const sidecar = spawned.value;
  try {
    const { serverInfo, capabilities, hostWatch } = sidecar.server;
    heading('The host spawns its sidecar and initializes it', spawned.ms);
    say(
      `sidewarden ${serverInfo.version}, pid ${serverInfo.pid}; sockets from: ${capabilities.socketSource}; it watches us by: ${hostWatch}, and ends when we do`,
    );
    await tellHolders(sidecar, actors);
    await explainOne(sidecar, actors[2] as Actor);
    await findFreePort(sidecar);
    await watchOneEnd(sidecar, actors[1] as Actor);
    await evictStubborn(sidecar, actors[4] as Actor);
    await meetSecondInstance(stateDir);
    await superviseServices(sidecar);
    await cleanUpAfterCrash(
      stateDir,
      actors.filter((_, index) => index !== 1 && index !== 4),
    );
  } finally {
    const { ms } = await timed(() => sidecar.end());
    heading('shutdown, exit: the sidecar has ended', ms);
  }
}

async function tellHolders(sidecar: SidecarConnection, actors: readonly Actor[]): Promise<void> {
  const found = await timed(() => Promise.all(actors.map(({ port, protocol }) => sidecar.call('port/find', { port, protocol }))));
  heading('port/find, all at once: who holds these ports?', found.ms);
  const entries = found.value.flatMap((result) => result.entries);
  const { portOwners } = sidecar.server.capabilities;
  for (const line of renderPorts(entries, portOwners, { width, heading: (text) => paint('dim', text) })) say(line);

  const wrong = actors.find(({ pids }, index) => {
    const owners = found.value[index]?.entries.flatMap((entry) => entry.owners.map(({ pid }) => pid)) ?? [];
    return !pids.every((pid) => owners.includes(pid));
  });
  if (wrong !== undefined)
    throw new Error(`Port ${wrong.port} is held by pid ${wrong.pids.join(' and ')}, and the sidecar did not say so: that is a bug.`);
}

async function explainOne(sidecar: SidecarConnection, { port, protocol }: Actor): Promise<void> {
  const { value, ms } = await timed(() => sidecar.call('port/explain', { port, protocol }));
  heading(`port/explain ${port}`, ms);
  for (const line of wrapText(escapeControls(value.summary), width)) say(line);
  const facts = [...value.evidence, ...value.suggestions.map(({ text }) => `→ ${text}`)];
  for (const fact of facts) for (const line of wrapText(escapeControls(fact), width - 2)) say(paint('dim', `  ${line}`));
}

async function findFreePort(sidecar: SidecarConnection): Promise<void> {
  for (let port = 3000; port < 3100; port += 1) {
    const { value, ms } = await timed(() => sidecar.call('port/check', { port }));
    if (!value.canBind) continue;
    heading(`port/check ${port}`, ms);
    return say(`inUse ${value.inUse}, canBind ${value.canBind}: free, and nobody was connected to in order to know`);
  }
  heading('port/check: all of 3000 to 3099 are taken here', null);
}

async function watchOneEnd(sidecar: SidecarConnection, actor: Actor): Promise<void> {
  const { port, name, pids } = actor;
  const ended = nextEvent(sidecar, 'event/process', ({ change, process }) => change === 'exited' && process.pid === pids[0]);
  const freed = nextEvent(sidecar, 'event/port', (event) => event.protocol === 'tcp' && event.entries.length === 0);
  const { value, ms } = await timed(() =>
    sidecar.call('events/subscribe', {
      topics: ['port', 'process'],
      filter: { ports: [port], targets: [{ pid: pids[0] as number }] },
      intervalMs: 250,
    }),
  );
  heading(`events/subscribe: port ${port} and its process are watched`, ms);
  const startedAt = performance.now();
  const since = () => `${Math.round(performance.now() - startedAt)} ms later`;
  await Promise.all([
    actor.end(),
    within(ended).then(() => say(`event/process, ${since()}: ${name} (pid ${pids[0]}) has exited`)),
    within(freed).then(() => say(`event/port, ${since()}: nobody holds ${port} any more (ports are sampled, here every 250 ms)`)),
  ]);
  await sidecar.call('events/unsubscribe', { subscriptionId: value.subscriptionId });
}

type EventName = 'event/port' | 'event/process';

function nextEvent<Name extends EventName>(
  sidecar: SidecarConnection,
  event: Name,
  matches: (params: NotificationParams<Name>) => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    const stopListening = sidecar.on(event, (params) => {
      if (!matches(params)) return;
      stopListening();
      resolve();
    });
  });
}

function stop(sentence: string): void {
  complain(sentence);
  process.exitCode = 1;
}
