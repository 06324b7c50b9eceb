import { writeSync } from 'node:fs';
import { endWithin, keepAlive, systemClock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { SidewardenError } from '../../protocol/errors.ts';
import { locateFiles } from '../builtFiles.ts';
import { createContaining } from '../composition/containing.ts';
import { createLooking } from '../composition/looking.ts';
import { openAppLedgers } from '../ledger/appLedgers.ts';
import { createFileLocks } from '../os/fileLock.ts';
import { exitAtOnce, hasHangingFile } from '../os/hangingThreads.ts';
import { keepInheritedDescriptors } from '../os/inheritedDescriptors.ts';
import { keepYoungGenerationSmall } from '../os/youngGeneration.ts';
import { createGrow } from '../processes/growth.ts';
import { createKill } from '../processes/kill.ts';
import { createLadder } from '../processes/ladder.ts';
import { createSpared } from '../supervisor/spared.ts';
import { createFindStarted } from '../supervisor/started.ts';
import { type RunOrder, readRunArguments } from './arguments.ts';
import { failedItself, runCommand } from './command.ts';
import { endRemains } from './remains.ts';
import { startCommand } from './starting.ts';

/** Runs one command at the terminal, and ends the process with its exit code. */
export async function main(args: string[]): Promise<never> {
  const answer = readRunArguments(args);
  if ('problem' in answer) return refuse(`${answer.problem} See sidewarden run --help.`, failedItself);
  keepYoungGenerationSmall();
  keepAlive();
  try {
    const { exitCode, hasHangingThreads, native } = await run(answer.order);
    // Node sets a terminal back to how it was when it exits, and the command may have been `stty`.
    if (native || hasHangingThreads || (await hasHangingFile(systemClock))) exitAtOnce(exitCode, { native });
    process.exit(exitCode);
  } catch (error) {
    if (!(error instanceof SidewardenError)) throw error;
    const { kind, data, message } = error.failure;
    // As env(1) and every shell say it: 127 there is no such command, 126 it cannot be run.
    const isMissing = kind === 'SpawnFailed' && (data as { errno?: unknown }).errno === 'ENOENT';
    return refuse(message, kind === 'SpawnFailed' ? (isMissing ? 127 : 126) : failedItself);
  }
}

async function run(order: RunOrder): Promise<{ exitCode: number; hasHangingThreads: boolean; native: boolean }> {
  const clock = systemClock;
  const files = locateFiles(process.platform);
  const { pid, ppid, platform, arch, env: environment } = process;
  const isOn = (name: string) => environment[name] !== 'off';
  const startedAt = Math.round(performance.timeOrigin);
  const system = { pid, parentPid: ppid, node: process.versions.node, platform, arch, startedAt, threads: 2 };
  const switches = { native: isOn('SIDEWARDEN_NATIVE'), cgroups: isOn('SIDEWARDEN_CGROUPS') };
  const looking = createLooking({ system, ...switches, jobWorker: files.jobWorker, clock, log });
  const { pool, waiter, capabilities } = looking;
  const { native } = capabilities;
  keepInheritedDescriptors({ native, platform });
  const ledgers = await openAppLedgers({
    appId: 'sidewarden.run',
    stateDir: order.stateDir,
    sidecarPid: pid,
    hostPid: ppid,
    startedAt,
    identify: async (one) => looking.platform.processes.identify(one),
    locks: createFileLocks({ native, platform }),
    pool,
    clock,
    log,
  });
  const { containment, guard, reaper, spawnChild } = createContaining({
    system,
    looking,
    ledgers: () => [ledgers.ledger],
    guardScript: files.guardScript,
    path: environment['PATH'],
    clock,
    log,
  });
  const gatherSpared = createSpared(pool, pid);
  const parts = { pool, ladder: createLadder(pool, waiter, clock), grow: createGrow(pool), gatherProtection: gatherSpared, clock };
  const ending = {
    pool,
    kill: createKill(parts),
    gatherSpared,
    findStarted: createFindStarted(pool),
    clock,
  };
  const remains = endRemains(ledgers.leftovers, order.graceMs, ending).catch((error: unknown) =>
    log.debug({ err: error }, 'what earlier runs have left could not be looked for'),
  );
  const starting = {
    hasJobs: native && platform === 'linux',
    isAlone: () => isAlone(looking.platform.signals.readKin(), pid),
    reserve: reaper.reserve,
    spawnChild,
    clock,
  };
  let hasHangingThreads = false;
  try {
    const exitCode = await runCommand(order, {
      ...ending,
      ledger: ledgers.ledger,
      containment,
      start: (spawnOrder) => startCommand(spawnOrder, starting),
      onSignal(listener) {
        for (const signal of signals) process.on(signal, () => listener(signal));
      },
      environment,
      directory: process.cwd(),
      tell,
    });
    await close();
    return { exitCode, hasHangingThreads, native };
  } catch (error) {
    await close();
    throw error;
  }

  async function close(): Promise<void> {
    await remains;
    await ledgers.ledger.close();
    guard.close();
    hasHangingThreads = !(await endWithin(clock, closingMs, [waiter.close(), pool.close()]));
  }
}

const closingMs = 250;
const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

function isAlone(rows: { pid: number; pgid: number }[], pid: number): boolean {
  const own = rows.find((row) => row.pid === pid)?.pgid;
  return !rows.some((row) => row.pgid === own && row.pid !== pid);
}

/** Not by process.stderr, which would make a pipe that the command shares with us one that does not block. */
function tell(sentence: string): void {
  try {
    writeSync(2, `sidewarden: ${sentence}\n`);
  } catch {
    // Nobody is there to read it.
  }
}

function refuse(sentence: string, code: number): never {
  tell(sentence);
  process.exit(code);
}

const ignore = () => {};
const speak = (_fields: object, message: string) => tell(message);
/** Whoever sits at the terminal gets sentences, and only those that matter. */
const log: Log = { debug: ignore, info: ignore, warn: speak, error: speak, fatal: speak };
