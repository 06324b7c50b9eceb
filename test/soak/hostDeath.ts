import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describeMachine } from '../bench/machine.ts';
import { percentile } from '../bench/measure.ts';
import { listCarriers } from '../setup/survivors.ts';
import { writeResult } from './writeResult.ts';

/** How long anything was left after the host’s death in each round, by whether its service ignores SIGTERM. */
export interface HostDeaths {
  polite: number[];
  stubborn: number[];
}

const hostFile = fileURLToPath(new URL('host.ts', import.meta.url));
const cookieName = 'SIDEWARDEN_SOAK_ROUND';
const giveUpMs = 20_000;

const polite = 'while :; do sleep 1; done';
const services = { polite, stubborn: `trap '' TERM; (setsid sh -c "trap '' TERM; ${polite}" &); ${polite}` };

/**
 * Kills a host at a random moment, again and again: of its first 600 ms in half of the rounds, before its sidecar runs or while that
 * starts a service, and of the first 600 ms with a service in the others.
 */
export async function playHostDeaths(rounds: number, onRound: (line: string) => void = () => {}): Promise<HostDeaths> {
  const deaths: HostDeaths = { polite: [], stubborn: [] };
  for (let round = 0; round < rounds; round += 1) {
    const kind = round % 2 === 0 ? 'polite' : 'stubborn';
    const elapsedMs = await playOne(services[kind], { isReady: round % 4 >= 2, lifeMs: Math.random() * 600 });
    deaths[kind].push(elapsedMs);
    onRound(`${round + 1}: ${kind}, ${elapsedMs} ms`);
  }
  return deaths;
}

const bounds = { polite: 1_000, stubborn: 4_000 };

/** `npm run soak -- hostDeath 300`: nothing is left 4 s later, and 1 s where no service ignores SIGTERM. */
export async function soakHostDeaths(rounds: number): Promise<void> {
  const deaths = await playHostDeaths(rounds, (line) => process.stdout.write(`${line}\n`));
  const row = (name: string, unsorted: number[], bound: number) => {
    const times = unsorted.toSorted((left, right) => left - right);
    const [half, nearlyAll] = [50, 95].map((percent) => percentile(times, percent));
    const late = times.filter((time) => time > bound).length;
    return `| ${[name, times.length, ...[half, nearlyAll, times.at(-1)].map((ms) => `${ms} ms`), `${late} over ${bound} ms`].join(' | ')} |`;
  };
  const [busy] = loadavg() as [number];
  writeResult(
    'docs/soak.md',
    'hostDeath',
    [
      `By \`npm run soak -- hostDeath ${rounds}\`: ${describeMachine().join('; ')}; ${busy.toFixed(0)} programs wanted to run at its end.`,
      '',
      '| something was left after the death | rounds | p50 | p95 | most | late |',
      '|---|---|---|---|---|---|',
      row('services end at SIGTERM', deaths.polite, bounds.polite),
      row('services ignore SIGTERM', deaths.stubborn, bounds.stubborn),
      '',
    ].join('\n'),
  );
  if (Math.max(...deaths.polite) > bounds.polite || Math.max(...deaths.stubborn) > bounds.stubborn) {
    throw new Error('something was left for too long');
  }
}

/** Gives how long after the kill something was left. */
async function playOne(script: string, { isReady, lifeMs }: { isReady: boolean; lifeMs: number }): Promise<number> {
  const cookie = randomUUID();
  const stateDir = await mkdtemp(join(tmpdir(), 'sidewarden-soak-'));
  const spec = { name: 'api', command: 'sh', args: ['-c', script] };
  const host = spawn(process.execPath, [hostFile, JSON.stringify({ appId: 'soak.hostDeath', spec, stateDir, env: {} })], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, [cookieName]: cookie },
  });
  // It says so when its service runs.
  if (isReady) await once(host.stdout, 'data');
  await sleep(lifeMs);
  host.kill('SIGKILL');
  const killedAt = performance.now();
  await once(host, 'exit');
  while (listCarriers(cookieName, cookie).length > 0) {
    if (performance.now() - killedAt > giveUpMs) throw new Error(`left ${giveUpMs} ms after the host: ${describeCarriers(cookie)}`);
    await sleep(10);
  }
  const elapsedMs = Math.round(performance.now() - killedAt);
  await rm(stateDir, { recursive: true, force: true });
  return elapsedMs;
}

/** With their threads, and where in the kernel each of them waits. */
function describeCarriers(cookie: string): string {
  const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8').replaceAll('\0', ' ').trim() : '');
  return listCarriers(cookieName, cookie)
    .map((pid) => {
      const threads = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
      const places = threads.map((thread) => `${read(`/proc/${pid}/task/${thread}/comm`)} in ${read(`/proc/${pid}/task/${thread}/wchan`)}`);
      return `${pid} (${read(`/proc/${pid}/cmdline`)}): ${places.join(', ')}`;
    })
    .join('; ');
}
