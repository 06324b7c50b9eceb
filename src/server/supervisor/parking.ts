import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../clock.ts';
import type { Log } from '../../log.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { buildEnvironment } from '../os/environment.ts';
import type { Launcher } from '../os/launch.ts';
import { fits, type ParkedEntry, parkEntry } from '../os/parkedEntry.ts';
import { findProgram, type ProgramOrder } from '../os/program.ts';
import type { FoundProgram, SpawnChild } from '../os/spawn.ts';
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
  enter(startId: string, spec: CompleteSpec, found: FoundProgram): void;
  /** Its process has ended: what its next start has to know is read while that end is told. */
  expect(spec: CompleteSpec): void;
  /** It is over. With the last one goes what is parked, before this resolves. */
  leave(startId: string): Promise<void>;
  /** Begins the next start of one that has entered with what is parked; null where nothing is, or would not become this. */
  take(spec: CompleteSpec): ParkedStart | null;
}

export interface ParkedStart {
  startId: string;
  contained: Contained;
  /** The program as it was found just now. */
  looking: Promise<FoundProgram>;
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
/** What was read of a program is of no use to a start that comes later than this. */
const freshMs = 1_000;

export function createParking(parts: ParkingParts): Parking {
  const { launch, containment, ledger, clock, log } = parts;
  const users = new Set<string>();
  /** What a parked entry can become, and where its program is looked for. */
  const fitting = new WeakMap<CompleteSpec, ProgramOrder>();
  let expected: { spec: CompleteSpec; atMs: number; looking: Promise<FoundProgram> } | null = null;
  let parked: Parked | null = null;
  let making: Promise<void> | null = null;
  let timer: Timer | null = null;

  return {
    enter(startId, spec, { runsThroughShell }) {
      if (launch === null || containment.kind !== 'cgroup' || !isToRestartAtOnce(spec)) return;
      if (!fitting.has(spec)) {
        const order = { command: spec.command, stdin: spec.stdin, ...surroundings(spec, parts, startId) };
        if (!runsThroughShell || !fits(order, environmentOf(startId))) return;
        fitting.set(spec, order);
      }
      users.add(startId);
      timer?.cancel();
      timer = clock.setTimer(quietAfterMs, () => {
        if (users.size > 0 && parked === null) making ??= make(launch).finally(() => (making = null));
      });
    },
    expect(spec) {
      const order = parked === null ? undefined : fitting.get(spec);
      if (order !== undefined) expected = { spec, atMs: clock.monotonicMs(), looking: look(order) };
    },
    async leave(startId) {
      if (!users.delete(startId) || users.size > 0) return;
      timer?.cancel();
      await making;
      if (parked !== null && users.size === 0) await unpark(parked);
    },
    take(spec) {
      const order = fitting.get(spec);
      if (parked === null || order === undefined) return null;
      const { startId, contained, entry } = parked;
      const isFresh = expected?.spec === spec && clock.monotonicMs() - expected.atMs < freshMs;
      const looking = isFresh && expected !== null ? expected.looking : look(order);
      parked = null;
      expected = null;
      return {
        startId,
        contained,
        looking,
        spawnChild: (order) => become(entry, order),
        end: () => entry.end(),
      };
    },
  };

  /** What passed a shell once does so again: it is there, and may be run. */
  function look(order: ProgramOrder): Promise<FoundProgram> {
    const looking = findProgram(order).then((path) => ({ path, runsThroughShell: true }));
    looking.catch(() => {});
    return looking;
  }

  /** What it begins with is best what it ends with. */
  function environmentOf(startId: string): Record<string, string> {
    return buildEnvironment({ inherited: parts.environment, inheritEnv: true, env: {}, startId });
  }

  async function make(launcher: Launcher): Promise<void> {
    const startId = randomUUID();
    const cgroup = containment.cgroupOf(startId);
    if (cgroup === null) return;
    try {
      await ledger.recordIntent({ startId, name: 'parked', command: '/bin/sh', cgroup });
      const contained = await containment.prepare({ startId, signal: 'SIGKILL', graceMs: 0, isParked: true });
      const environment = environmentOf(startId);
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
    const child = order.found === undefined ? null : entry.become({ ...order, path: order.found.path });
    if (child !== null) return child;
    await entry.end();
    return parts.spawnChild(order);
  }
}

const isToRestartAtOnce = ({ restart, persistent, ports }: CompleteSpec): boolean =>
  restart.policy !== 'never' && restart.backoffMs === 0 && !persistent && !ports.some(({ passFd }) => passFd);
