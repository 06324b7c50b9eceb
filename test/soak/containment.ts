import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { makeDirectory } from '../harness/directory.ts';
import { type Program, spawnProgram } from '../harness/processes.ts';
import { startSidecar } from '../harness/sidecar.ts';
import { createSprawl } from '../harness/sprawl.ts';
import { until } from '../harness/until.ts';
import { writeResult } from './writeResult.ts';

/* What survives, by what has ended and by what holds the services: the table in docs/containment.md. */

interface Cast {
  host: Program;
  sidecar: number;
  service: number;
  guard: number;
}

const kill = (pid: number) => process.kill(pid, 'SIGKILL');
const tell = async ({ host }: Cast, what: string) => {
  host.write(`${what}\n`);
  await host.line();
};

const scenarios: Record<string, (cast: Cast) => unknown> = {
  'stop on request': (cast) => tell(cast, 'stop'),
  'crash of the service': ({ service }) => kill(service),
  'end of input': (cast) => tell(cast, 'end'),
  'SIGKILL of the host': ({ host }) => kill(host.pid),
  'SIGKILL of the sidecar': ({ sidecar }) => kill(sidecar),
  'SIGKILL of the guard, then stop': (cast) => {
    kill(cast.guard);
    return tell(cast, 'stop');
  },
  'SIGKILL of host and sidecar': ({ host, sidecar }) => [host.pid, sidecar].map(kill),
  'SIGKILL of guard and sidecar': ({ guard, sidecar }) => [guard, sidecar].map(kill),
  'SIGKILL of host, guard and sidecar': ({ host, guard, sidecar }) => [host.pid, guard, sidecar].map(kill),
};

interface Column {
  title: string;
  cgroups: boolean;
  forget: boolean;
}

const columns: Column[] = [
  { title: 'cgroup', cgroups: true, forget: false },
  { title: 'cgroup, some forget', cgroups: true, forget: true },
  { title: 'processGroup', cgroups: false, forget: false },
  { title: 'processGroup, some forget', cgroups: false, forget: true },
];

/** Orphans without session and environment are looked for once a second. */
const seenAfterMs = 1_500;
const survivorsAfterMs = 6_000;

interface Survivors {
  most: number;
  afterCleanup: number;
}

/** Plays all scenarios, and writes the table. */
export async function soakContainment(rounds: number): Promise<void> {
  const results = await Promise.all(columns.map((column) => playColumn(column, rounds)));
  const lines = Object.keys(scenarios).map((name) => `| ${[name, ...results.map((result) => describe(result.get(name)))].join(' | ')} |`);
  const head = `| ${['', ...columns.map(({ title }) => title)].join(' | ')} |\n|${'---|'.repeat(columns.length + 1)}`;
  const text = `${rounds} rounds a cell, a tree of 50 processes each (200 ms of grace): the most survivors of a round, and behind the arrow how many the next \`cleanup/run\` leaves.`;
  writeResult('docs/containment.md', 'soak', `${text}\n\n${head}\n${lines.join('\n')}\n`);
}

const describe = (survivors: Survivors | undefined) =>
  survivors === undefined ? '?' : survivors.most === 0 ? '0' : `${survivors.most} → ${survivors.afterCleanup}`;

async function playColumn(column: Column, rounds: number): Promise<Map<string, Survivors>> {
  const results = new Map<string, Survivors>();
  for (const [name, act] of Object.entries(scenarios)) {
    const worst = { most: 0, afterCleanup: 0 };
    for (let round = 0; round < rounds; round += 1) {
      const { left, afterCleanup } = await play(act, column);
      worst.most = Math.max(worst.most, left);
      worst.afterCleanup = Math.max(worst.afterCleanup, afterCleanup);
    }
    results.set(name, worst);
    process.stderr.write(`${column.title}: ${name}: ${worst.most} survive, ${worst.afterCleanup} the clean-up\n`);
  }
  return results;
}

async function play(act: (cast: Cast) => unknown, { cgroups, forget }: Column): Promise<{ left: number; afterCleanup: number }> {
  await using directory = await makeDirectory();
  const env: Record<string, string> = cgroups ? {} : { SIDEWARDEN_CGROUPS: 'off' };
  using sprawl = createSprawl({ forget });
  const stateDir = directory.path;
  const order = JSON.stringify({ spec: sprawl.spec, stateDir, env });
  let sidecar = 0;
  // Behind its host, and before its directory goes.
  await using _sidecarHasEnded = {
    [Symbol.asyncDispose]: async () => void (await until(() => !isAlive(sidecar), 'the end of the sidecar')),
  };
  await using host = await spawnProgram([process.execPath, fileURLToPath(new URL('host.ts', import.meta.url)), order]);
  const { service, ...cast } = JSON.parse(host.ready) as { sidecar: number; service: number };
  sidecar = cast.sidecar;
  await sprawl.grown();
  if (forget) await new Promise((resolve) => setTimeout(resolve, seenAfterMs));
  await act({ host, sidecar, service, guard: findGuard(sidecar) });
  const left = await sprawl.left(survivorsAfterMs);
  if (left === 0) return { left, afterCleanup: 0 };
  await until(() => !isAlive(sidecar), 'the end of the sidecar');
  await using next = await startSidecar({ env, initialize: { appId: 'soak.containment', options: { stateDir } } });
  await next.call('cleanup/run', { graceMs: 200 });
  return { left, afterCleanup: sprawl.pids().length };
}

function findGuard(sidecar: number): number {
  const children = readFileSync(`/proc/${sidecar}/task/${sidecar}/children`, 'utf8').split(' ').filter(Boolean);
  const guard = children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('sidewarden-guard'));
  if (guard === undefined) throw new Error('there is no guard');
  return Number(guard);
}

/** A zombie is none. */
function isAlive(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '';
  } catch {
    return false;
  }
}
