import { chownSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { listLedgers, readLedger } from '../../src/server/ledger/files.ts';
import { appDirectory } from '../../src/server/os/paths.ts';
import { makeDirectory } from '../harness/directory.ts';
import { findDeputy, findGuard } from '../harness/guard.ts';
import { isRoot, nobody } from '../harness/needs.ts';
import { type Program, spawnProgram } from '../harness/processes.ts';
import { startSidecar } from '../harness/sidecar.ts';
import { createSprawl, type Sprawl } from '../harness/sprawl.ts';
import { until } from '../harness/until.ts';
import { isAlive } from '../harness/watching.ts';
import { openResults, type Survivors } from './results.ts';

/* What survives, by what has ended and by what holds the services: the table in docs/containment.md. */

interface Cast {
  host: Program;
  sidecar: number;
  service: number;
  guard: number;
  deputy: number;
}

interface Scenario {
  act(cast: Cast): unknown;
  /** What outlives it: the next round is played with the same. */
  outlives?: 'host' | 'sidecar';
  /** Nobody is left who could end anything. */
  unguarded?: true;
}

const kill = (pid: number) => process.kill(pid, 'SIGKILL');
const tell = async ({ host }: Pick<Cast, 'host'>, what: string): Promise<string> => {
  host.write(`${what}\n`);
  return host.line();
};

const scenarios: Record<string, Scenario> = {
  'stop on request': { act: (cast) => tell(cast, 'stop'), outlives: 'sidecar' },
  'crash of the service': { act: ({ service }) => kill(service), outlives: 'sidecar' },
  'SIGKILL of the guard, then stop': {
    act(cast) {
      kill(cast.guard);
      return tell(cast, 'stop');
    },
    outlives: 'sidecar',
  },
  'end of input': { act: (cast) => tell(cast, 'end'), outlives: 'host' },
  'SIGKILL of the host': { act: ({ host }) => kill(host.pid) },
  'SIGKILL of the sidecar': { act: ({ sidecar }) => kill(sidecar), outlives: 'host' },
  'SIGKILL of host and sidecar': { act: ({ host, sidecar }) => [host.pid, sidecar].map(kill) },
  'SIGKILL of guard and sidecar': { act: ({ guard, sidecar }) => [guard, sidecar].map(kill), outlives: 'host' },
  'SIGKILL of host, guard and sidecar': { act: ({ host, guard, sidecar }) => [host.pid, guard, sidecar].map(kill) },
  'SIGKILL of guard, deputy and sidecar': {
    act: ({ guard, deputy, sidecar }) => [guard, deputy, sidecar].map(kill),
    outlives: 'host',
    unguarded: true,
  },
  'SIGKILL of host, guard, deputy and sidecar': {
    act: ({ host, guard, deputy, sidecar }) => [host.pid, guard, deputy, sidecar].map(kill),
    unguarded: true,
  },
};

interface Column {
  title: string;
  env: Record<string, string>;
  /** Four of the tree clear their environment as well. */
  forget: boolean;
  /** What becomes of those: a cgroup has them, the sidecar looks for them, or nobody finds them. */
  forgotten: 'held' | 'sought' | 'lost';
  uid?: number;
}

const kinds: Omit<Column, 'forget'>[] = [
  { title: 'cgroup', env: {}, forgotten: 'held' },
  { title: 'processGroup', env: { SIDEWARDEN_CGROUPS: 'off' }, forgotten: 'sought' },
  { title: 'processGroup, not root', env: {}, forgotten: 'sought', uid: nobody },
  { title: 'processGroup, no native calls', env: { SIDEWARDEN_CGROUPS: 'off', SIDEWARDEN_NATIVE: 'off' }, forgotten: 'lost' },
];
const columns: Column[] = kinds.flatMap((kind) => [
  { ...kind, forget: false },
  { ...kind, title: `${kind.title}, some forget`, forget: true },
]);

const appId = 'soak.containment';
/** Orphans without session and environment are looked for once a second. */
const seenAfterMs = 3_000;
/** The guard is told when the ledger is. */
const toldAfterMs = 50;
/** A busy machine takes its time; where all end, nobody waits for the rest of it. */
const survivorsAfterMs = 60_000;
/** Nobody is left who could end them later. */
const unguardedAfterMs = 300;
/** Some are known to survive, and the others have had their time. */
const lostAfterMs = 4_000;
/** A tree of 50 each; most of a round is waiting. */
const columnsAtOnce = 4;
/** Each sidecar that was killed leaves a ledger behind, which the next one reads. */
const roundsOfACast = 25;

/**
 * Plays those cells whose name, `column: scenario`, contains one of these texts, or all; until each has had so many rounds, those of
 * earlier runs of the same build counted. Writes the table after each cell.
 */
export async function soakContainment(rounds: number, wanted: string[]): Promise<void> {
  if (!isRoot) throw new Error('This soak needs root: it plays one column as another user.');
  const results = openResults(
    columns.map(({ title }) => title),
    Object.keys(scenarios),
  );
  const waiting = [...columns];
  await Promise.all(Array.from({ length: columnsAtOnce }, playColumns));

  async function playColumns(): Promise<void> {
    for (let column = waiting.shift(); column !== undefined; column = waiting.shift()) await playColumn(column);
  }

  async function playColumn(column: Column): Promise<void> {
    for (const [name, scenario] of Object.entries(scenarios)) {
      const cell = `${column.title}: ${name}`;
      if (wanted.length > 0 && !wanted.some((text) => cell.includes(text))) continue;
      while (results.rounds(cell) < rounds)
        await playRounds(scenario, column, Math.min(rounds - results.rounds(cell), roundsOfACast), (one) => results.add(cell, one));
      process.stderr.write(`${cell}: ${results.tell(cell)}\n`);
    }
  }
}

/** With one cast: one round, or as many as it outlives. */
async function playRounds(
  { act, outlives, unguarded }: Scenario,
  column: Column,
  rounds: number,
  onRound: (survivors: Survivors) => void,
): Promise<void> {
  const { env, uid, forget, forgotten } = column;
  const endedAfterMs = unguarded ? unguardedAfterMs : forget && forgotten === 'lost' ? lostAfterMs : survivorsAfterMs;
  const as = uid === undefined ? {} : { uid };
  await using directory = await makeDirectory();
  if (uid !== undefined) chownSync(directory.path, uid, uid);
  // A Python in the home of root is nobody’s.
  using sprawl = createSprawl({ forget, restart: { policy: 'never' }, ...(uid !== undefined && { command: '/usr/bin/python3' }) });
  const stateDir = directory.path;
  let sidecar = 0;
  // Behind its host, and before its directory goes.
  await using _sidecarHasEnded = {
    [Symbol.asyncDispose]: async () => void (await until(() => !isAlive(sidecar), 'the end of the sidecar')),
  };
  const order = JSON.stringify({ appId, spec: sprawl.spec, stateDir, env });
  await using host = await spawnProgram([process.execPath, fileURLToPath(new URL('host.ts', import.meta.url)), order], as);
  for (let { ready } = host, round = 1; ; round += 1) {
    const cast = { host, ...(JSON.parse(ready) as { sidecar: number; service: number }) };
    sidecar = cast.sidecar;
    await sprawl.grown();
    if (forget && forgotten === 'sought') await seeForgotten();
    const guards = {
      guard: await until(() => findGuard(sidecar), 'the guard'),
      deputy: await until(() => findDeputy(sidecar), 'the deputy'),
    };
    await act({ ...cast, ...guards });
    onRound(await look(sprawl));
    if (outlives === undefined || round === rounds || sprawl.pids().length > 0) return;
    if (outlives === 'host') await until(() => !isAlive(sidecar), 'the end of the sidecar');
    ready = await tell(cast, 'start');
  }

  async function seeForgotten(): Promise<void> {
    const directory = appDirectory(stateDir, appId);
    const haveSeen = async () => {
      const ledgers = await Promise.all((await listLedgers(directory)).map(readLedger));
      const { starts = new Map() } = ledgers.find(({ header }) => header?.sidecar.pid === sidecar) ?? {};
      return [...starts.values()].some(({ orphans = [] }) => orphans.length >= 4);
    };
    await until(haveSeen, 'the sidecar to see those that forget', seenAfterMs).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, toldAfterMs));
  }

  async function look({ left, pids }: Sprawl): Promise<Survivors> {
    const most = await left(endedAfterMs);
    if (most === 0) return { most, afterCleanup: 0 };
    if (outlives === 'sidecar') return { most, afterCleanup: most };
    await until(() => !isAlive(sidecar), 'the end of the sidecar');
    await using next = await startSidecar({ env, ...as, initialize: { appId, options: { stateDir } } });
    await next.call('cleanup/run', { graceMs: 200 });
    return { most, afterCleanup: pids().length };
  }
}
