import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { buildEnvironment } from '../os/environment.ts';
import type { Launcher } from '../os/launch.ts';
import { type ParkedEntry, parkEntry } from '../os/parkedEntry.ts';
import { lookForProgram, type SpawnChild } from '../os/spawn.ts';
import type { Contained, Containment } from './containment/containment.ts';
import type { CompleteSpec } from './spec.ts';
import type { DescribeProcess } from './started.ts';
import { type Around, surroundings } from './surroundings.ts';

/**
 * Keeps one entry parked while anything runs that is to be restarted without a pause: its next start then has its cgroup, its shell and its
 * intent on disk behind it. Held as any start is: by the ledger, by the guard, by its cgroup.
 */
export interface Parking {
  /** This start runs: one is parked for whoever is next, when things have become quiet. */
  enter(startId: string, spec: CompleteSpec): void;
  /** It is over. With the last one goes what is parked, before this resolves. */
  leave(startId: string): Promise<void>;
  /** Begins a start with what is parked; null where nothing is, or would not become this. */
  take(spec: CompleteSpec): ParkedStart | null;
}

export interface ParkedStart {
  startId: string;
  contained: Contained;
  /** Starts it; in the ordinary way where it is another than the one that it was taken for. */
  spawnChild: SpawnChild;
  /** It is not wanted: ends it, unless it was started. */
  end(): Promise<void>;
}

export interface ParkingParts extends Around {
  /** Null where none can be parked. */
  launch: Launcher | null;
  containment: Containment;
  ledger: Pick<Ledger, 'recordIntent' | 'recordStarted' | 'recordEnded'>;
  spawnChild: SpawnChild;
  describeProcess: DescribeProcess;
  clock: Clock;
  log: Log;
}

interface Parked {
  startId: string;
  contained: Contained;
  entry: ParkedEntry;
}

const quietAfterMs = 10;

export function createParking(parts: ParkingParts): Parking {
  const { launch, containment, ledger, clock, log } = parts;
  const users = new Set<string>();
  let parked: Parked | null = null;
  let making: Promise<void> | null = null;
  let timer: Timer | null = null;

  return {
    enter(startId, spec) {
      if (launch === null || containment.kind !== 'cgroup' || !isToRestartAtOnce(spec)) return;
      users.add(startId);
      timer?.cancel();
      timer = clock.setTimer(quietAfterMs, () => {
        if (users.size > 0 && parked === null) making ??= make(launch).finally(() => (making = null));
      });
    },
    async leave(startId) {
      if (!users.delete(startId) || users.size > 0) return;
      timer?.cancel();
      await making;
      if (parked !== null && users.size === 0) await unpark(parked);
    },
    take(spec) {
      if (parked === null || !isToRestartAtOnce(spec)) return null;
      const { startId, contained, entry } = parked;
      const { command } = spec;
      if (!entry.fits({ command, stdin: spec.stdin, ...surroundings(spec, parts, startId) })) return null;
      parked = null;
      containment.dedicate({ startId, ...spec.stop });
      return { startId, contained, spawnChild: (order) => become(entry, order), end: () => entry.end() };
    },
  };

  async function make(launcher: Launcher): Promise<void> {
    const startId = randomUUID();
    const cgroup = containment.cgroupOf(startId);
    if (cgroup === null) return;
    try {
      await ledger.recordIntent({ startId, name: 'parked', command: '/bin/sh', cgroup });
      const contained = await containment.prepare({ startId, signal: 'SIGKILL', graceMs: 0, isParked: true });
      const environment = buildEnvironment({ inherited: parts.environment, inheritEnv: true, env: {}, startId });
      const entry = contained.cgroup === null ? null : await parkEntry({ cgroup: contained.cgroup, environment }, launcher, clock);
      if (entry === null) return await forget({ startId, contained });
      const made: Parked = { startId, contained, entry };
      parked = made;
      // Somebody has ended it.
      void entry.exited.then(() => (parked === made ? unpark(made) : undefined));
      await contained.started(entry.pid, cgroup);
      const process = await parts.describeProcess(entry.pid);
      // Whoever has taken it meanwhile notes the same.
      if (process !== null) await ledger.recordStarted({ startId, pid: entry.pid, identity: process.identity });
    } catch (error) {
      log.debug({ err: error }, 'no entry could be parked; a restart takes the ordinary way');
    }
  }

  async function unpark(one: Parked): Promise<void> {
    parked = null;
    await one.entry.end();
    await forget(one);
  }

  async function forget({ startId, contained }: Pick<Parked, 'startId' | 'contained'>): Promise<void> {
    await contained.release();
    await ledger.recordEnded({ startId });
  }

  async function become(entry: ParkedEntry, order: Parameters<SpawnChild>[0]): ReturnType<SpawnChild> {
    const { path, runsThroughShell } = order.found ?? (await lookForProgram(order, { hasCgroup: true }));
    if (runsThroughShell && entry.fits(order)) return entry.become({ ...order, path });
    await entry.end();
    return parts.spawnChild(order);
  }
}

const isToRestartAtOnce = ({ restart, persistent, ports }: CompleteSpec): boolean =>
  restart.policy !== 'never' && restart.backoffMs === 0 && !persistent && !ports.some(({ passFd }) => passFd);
