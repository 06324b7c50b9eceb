import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describeMachine } from '../bench/machine.ts';
import { listCarriers } from '../setup/survivors.ts';
import { writeResult } from './writeResult.ts';

/** The longest that anything was left after the host’s death, by whether its service ignores SIGTERM. */
export interface HostDeaths {
  politeMs: number;
  stubbornMs: number;
}

const hostFile = fileURLToPath(new URL('host.ts', import.meta.url));
const cookieName = 'SIDEWARDEN_SOAK_ROUND';
const giveUpMs = 20_000;

const polite = 'while :; do sleep 1; done';
const services = { polite, stubborn: `trap '' TERM; (setsid sh -c "trap '' TERM; ${polite}" &); ${polite}` };

/** Kills a host at a random moment, again and again: before its sidecar runs, while it starts a service, and after. */
export async function playHostDeaths(rounds: number, onRound: (line: string) => void = () => {}): Promise<HostDeaths> {
  const longest: HostDeaths = { politeMs: 0, stubbornMs: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const kind = round % 2 === 0 ? 'polite' : 'stubborn';
    const elapsedMs = await playOne(services[kind], Math.random() * 600);
    longest[`${kind}Ms`] = Math.max(longest[`${kind}Ms`], elapsedMs);
    onRound(`${round + 1}: ${kind}, ${elapsedMs} ms`);
  }
  return longest;
}

/** `npm run soak -- hostDeath 300`: nothing is left 4 s later, and 1 s where no service ignores SIGTERM. */
export async function soakHostDeaths(rounds: number): Promise<void> {
  const { politeMs, stubbornMs } = await playHostDeaths(rounds, (line) => process.stdout.write(`${line}\n`));
  const figures = `the longest that anything was left: ${politeMs} ms (≤ 1,000), and ${stubbornMs} ms with a stubborn service (≤ 4,000)`;
  const command = `npm run soak -- hostDeath ${rounds}`;
  writeResult(
    'docs/soak.md',
    'hostDeath',
    `By \`${command}\`: ${describeMachine().join('; ')}. ${rounds} hosts were killed; ${figures}.\n`,
  );
  if (politeMs > 1_000 || stubbornMs > 4_000) throw new Error('something was left for too long');
}

/** Gives how long after the kill something was left. */
async function playOne(script: string, lifeMs: number): Promise<number> {
  const cookie = randomUUID();
  const stateDir = await mkdtemp(join(tmpdir(), 'sidewarden-soak-'));
  const spec = { name: 'api', command: 'sh', args: ['-c', script] };
  const host = spawn(process.execPath, [hostFile, JSON.stringify({ spec, stateDir, env: {} })], {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...process.env, [cookieName]: cookie },
  });
  await sleep(lifeMs);
  host.kill('SIGKILL');
  const killedAt = performance.now();
  await once(host, 'exit');
  while (listCarriers(cookieName, cookie).length > 0) {
    if (performance.now() - killedAt > giveUpMs) throw new Error(`left ${giveUpMs} ms after the host: ${listCarriers(cookieName, cookie)}`);
    await sleep(10);
  }
  const elapsedMs = Math.round(performance.now() - killedAt);
  await rm(stateDir, { recursive: true, force: true });
  return elapsedMs;
}
