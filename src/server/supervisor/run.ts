import { randomUUID } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { Log } from '../../log.ts';
import { type Failure, fail, SidewardenError } from '../../protocol/errors.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { buildEnvironment } from '../os/environment.ts';
import { type Child, type ChildExit, spawnChild } from '../os/spawn.ts';
import type { Contained, Containment, ContainmentKind } from './containment/containment.ts';
import { beginEnding, type Ending, type EndingOrder, type EndingParts, type Left } from './ending.ts';
import type { Equipment, Equipments } from './equipment.ts';
import type { ServiceOutput } from './output/output.ts';
import { numbersOf, replacePorts } from './placeholders.ts';
import { type AssignedPort, portVariables } from './servicePorts.ts';
import type { CompleteSpec } from './spec.ts';

export interface RunParts extends EndingParts {
  ledger: Pick<Ledger, 'recordIntent' | 'recordStarted' | 'recordEnded'>;
  containment: Containment;
  equipments: Equipments;
  /** The sidecar’s own. */
  environment: Readonly<Record<string, string | undefined>>;
  directory: string;
  log: Log;
  /** Resolves when one more program may be started. */
  takeTurn(): Promise<void>;
}

/** What becomes of a run, told as it happens: `spawned` or `failed` or neither, `exited`, and `cleared` after each ending. */
export interface RunReport {
  /** Where it will write to, before the program is there to do so. */
  opened(output: ServiceOutput): void;
  spawned(process: ProcessInfo | null): void;
  failed(failure: Failure): void;
  exited(exit: ChildExit): void;
  cleared(left: string | null): void;
  rung(rung: { signal: string; processes: number }): void;
}

/** One start of a service, from the record of the intent to the end of everything that it has started. */
export interface Run {
  readonly spec: CompleteSpec;
  /** The mark that all of its processes carry. */
  readonly startId: string;
  /** Of the process that was started; null when there is none, or none yet. */
  readonly process: ProcessInfo | null;
  /** As they were given to it; empty before they were. */
  readonly ports: readonly AssignedPort[];
  /** Its standard input; null where it has none, or none yet. */
  readonly stdin: Writable | null;
  /** The newest lines of its output; none before it has one. */
  lastLines(count: number): string[];
  /** What holds together whatever it starts. */
  readonly containment: ContainmentKind;
  readonly exited: Promise<ChildExit>;
  /** Spawns nothing, if nothing was spawned yet. */
  abandon(): void;
  /** Ends it with all that it has started, or what it has left behind. */
  end(graceMs: number): void;
  hasten(graceMs: number): void;
  relent(): void;
  /** Sends a signal to the process itself; false when it has ended, or is not there yet. */
  signal(signal: NodeJS.Signals): boolean;
  /** Starts another program in the same surroundings; with its mark, so that it ends with it. Throws SpawnFailed. */
  spawnBeside(program: { command: string; args: readonly string[] }): Promise<Child>;
}

export function beginRun(spec: CompleteSpec, parts: RunParts, report: RunReport): Run {
  const { ledger, log, pool, containment } = parts;
  const startId = randomUUID();
  const exited = Promise.withResolvers<ChildExit>();
  let child: Child | null = null;
  let process: ProcessInfo | null = null;
  let contained: Contained = uncontained;
  let kind = containment.kind;
  let ending: Ending | null = null;
  let isAbandoned = false;
  let ports: readonly AssignedPort[] = [];
  /** Its own to the end: the service may be wanted by another spec before that. */
  let equipment: Equipment | null = null;
  /** Its end was reported, which comes before the report that nothing is left. */
  let told: Promise<void> = Promise.resolve();

  void start();

  return {
    spec,
    startId,
    get process() {
      return process;
    },
    get ports() {
      return ports;
    },
    get stdin() {
      return child?.stdin ?? null;
    },
    lastLines: (count) => equipment?.output.lastLines(count) ?? [],
    get containment() {
      return kind;
    },
    exited: exited.promise,
    abandon() {
      isAbandoned = true;
    },
    end: (graceMs) => void end(graceMs),
    hasten: (graceMs) => ending?.hasten(graceMs),
    relent: () => ending?.relent(),
    signal(signal) {
      if (child === null || child.hasExited()) return false;
      child.signal(signal);
      return true;
    },
    spawnBeside({ command, args }) {
      const numbers = numbersOf(ports);
      // Descriptors are for the service alone.
      const around = surroundings(
        spec,
        parts,
        startId,
        ports.map((port) => ({ ...port, fd: null })),
      );
      const order = { ...around, command, args: args.map((arg) => replacePorts(arg, numbers)), cgroup: contained.cgroup };
      return spawnChild(order, parts.clock);
    },
  };

  async function start(): Promise<void> {
    const { name, command, ownerTag, stop } = spec;
    const cgroup = containment.cgroupOf(startId);
    await ledger.recordIntent({ startId, name, command, ...(ownerTag !== undefined && { ownerTag }), ...(cgroup !== null && { cgroup }) });
    try {
      await parts.takeTurn();
      if (isAbandoned) throw abandoned(spec);
      contained = await containment.prepare({ startId, ...stop });
      child = await spawn();
    } catch (error) {
      await contained.release();
      await ledger.recordEnded({ startId });
      report.failed(failureOf(error, spec, log));
      return;
    }
    told = child.exited.then(onExit);
    kind = await contained.started(child.pid, child.cgroup);
    process = await identify(child);
    if (process !== null) await ledger.recordStarted({ startId, pid: process.pid, identity: process.identity });
    if (!child.hasExited()) report.spawned(process);
  }

  async function spawn(): Promise<Child> {
    equipment = parts.equipments.of(spec);
    report.opened(equipment.output);
    ports = await equipment.ports.open();
    const descriptors = ports.flatMap(({ fd }) => fd ?? []);
    const order = {
      stdin: spec.stdin,
      output: 'pipes',
      descriptors,
      cgroup: contained.cgroup,
      ...surroundings(spec, parts, startId, ports),
    } as const;
    const spawned = await spawnChild({ command: spec.command, ...order }, parts.clock);
    if (spawned.output !== null) equipment.output.attach(spawned.output);
    return spawned;
  }

  /** While it was not collected its pid is its own; so what was read before we heard of its exit was read from it. */
  async function identify({ pid, hasExited }: Child): Promise<ProcessInfo | null> {
    try {
      const { processes } = await pool.run('describeProcesses', { targets: [{ pid }] });
      return hasExited() ? null : (processes[0] ?? null);
    } catch (error) {
      log.warn({ err: error, service: spec.name, pid }, 'a started process could not be looked at; it is known by its mark alone');
      return null;
    }
  }

  async function onExit(exit: ChildExit): Promise<void> {
    exited.resolve(exit);
    // What it said last is part of why it ended; a descendant that lives on may hold its pipes open for good.
    await Promise.race([equipment?.output.drained(), parts.clock.sleep(lastWordsMs)]);
    report.exited(exit);
  }

  async function end(graceMs: number): Promise<void> {
    const root = child === null || child.hasExited() ? null : process;
    const { signal } = spec.stop;
    const order: EndingOrder = { startId, contained, root, leader: process, input: inputToClose(), signal, graceMs, onRung: report.rung };
    ending = beginEnding(order, parts);
    const left = await ending.done.catch(forceChild);
    ending = null;
    // Its end is known to the kernel before Node has collected it.
    if (child !== null && !left.identities.has(process?.identity ?? '')) await collect(child);
    if (left.sentence === null) {
      await contained.release();
      await ledger.recordEnded({ startId });
    }
    report.cleared(left.sentence);
  }

  function inputToClose(): EndingOrder['input'] {
    const stdin = child?.stdin ?? null;
    if (child === null || child.hasExited() || stdin === null || !spec.stop.stdinClose) return null;
    return { close: () => void stdin.end(), ended: child.exited };
  }

  /** Where processes cannot even be looked at, the child itself still ends by its own handle. */
  function forceChild(error: unknown): Left {
    log.error({ err: error, service: spec.name }, 'a service could not be ended in order; its process is killed');
    child?.signal('SIGKILL');
    return { sentence: 'What it had started may be left: processes could not be looked at.', identities: new Set() };
  }

  async function collect(started: Child): Promise<void> {
    // One that this user may not see carries its mark in vain.
    if (process === null) started.signal('SIGKILL');
    await started.exited;
    await told;
  }
}

const lastWordsMs = 100;

/** Before it is prepared, and where that failed. */
const uncontained: Contained = {
  cgroup: null,
  started: async () => 'none',
  ending: () => {},
  orphans: async () => [],
  force: async () => {},
  release: async () => {},
};

export function surroundings(
  { cwd, env, inheritEnv, args }: CompleteSpec,
  { environment, directory }: Pick<RunParts, 'environment' | 'directory'>,
  startId: string,
  ports: readonly AssignedPort[] = [],
) {
  const numbers = numbersOf(ports);
  const replace = (text: string) => replacePorts(text, numbers);
  const filled = Object.entries(env).map(([name, value]) => [name, value === null ? null : replace(value)]);
  return {
    cwd: cwd ?? directory,
    args: args.map(replace),
    environment: buildEnvironment({
      inherited: environment,
      inheritEnv,
      env: { ...Object.fromEntries(filled), ...portVariables(ports) },
      startId,
    }),
  };
}

function abandoned({ name, command, cwd }: CompleteSpec) {
  return fail('SpawnFailed', `${name} was stopped before it was started.`, { errno: 'ECANCELED', command, cwd: cwd ?? null });
}

function failureOf(error: unknown, { name, command, cwd }: CompleteSpec, log: Log): Failure {
  if (error instanceof SidewardenError) return error.failure;
  log.error({ err: error, service: name }, 'a service could not be started');
  return fail('SpawnFailed', `${command} could not be started; the sidecar’s log says why.`, {
    errno: 'UNKNOWN',
    command,
    cwd: cwd ?? null,
  }).failure;
}
