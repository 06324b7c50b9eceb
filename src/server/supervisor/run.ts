import { randomUUID } from 'node:crypto';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { FollowedFile } from '../os/followedFile.ts';
import { type Child, type ChildExit, type FoundProgram, lookForProgram } from '../os/spawn.ts';
import { type Contained, uncontained } from './containment/containment.ts';
import { beginEnding, type Ending, type EndingOrder, type Left } from './ending.ts';
import type { Equipment } from './equipment.ts';
import { createHold } from './hold.ts';
import { reopenOwnFile } from './output/ownFile.ts';
import type { Claim, LeftRunning } from './persistence.ts';
import { numbersOf, replacePorts } from './placeholders.ts';
import type { Run, RunParts, RunReport } from './runTypes.ts';
import type { AssignedPort } from './servicePorts.ts';
import { identifyChild, spawnService } from './spawning.ts';
import type { CompleteSpec } from './spec.ts';
import { abandoned, failureOf } from './startFailures.ts';
import { surroundings } from './surroundings.ts';

/** Starts it, or goes on with what an earlier sidecar has started. */
export function beginRun(spec: CompleteSpec, parts: RunParts, report: RunReport, left: LeftRunning | null = null): Run {
  const { ledger, log, containment, persistence } = parts;
  const parked = left === null ? parts.parking.take(spec) : null;
  const startId = left?.start.startId ?? parked?.startId ?? randomUUID();
  const exited = Promise.withResolvers<ChildExit>();
  let child: Child | null = null;
  let process: ProcessInfo | null = null;
  let contained: Contained = uncontained;
  let kind = containment.kind;
  const hold = createHold();
  let ending: Ending | null = null;
  /** Of an end that is ordered and has not begun. */
  let mostGraceMs = Number.POSITIVE_INFINITY;
  let isAbandoned = false;
  let claim: Claim | null = left?.claim ?? null;
  let outlivesUs = false;
  /** Where it writes its file itself. */
  let file: FollowedFile | null = null;
  let ports: readonly AssignedPort[] = [];
  /** Its own to the end: the service may be wanted by another spec before that. */
  let equipment: Equipment | null = null;
  /** Whether nobody of it lived when its process ended; asked while its last words are read. */
  let emptied: Promise<boolean> = Promise.resolve(false);
  /** Its end was reported, which comes before the report that nothing is left. */
  let told: Promise<void> = Promise.resolve();

  void (left === null ? start() : resume(left));

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
    get outlivesUs() {
      return outlivesUs;
    },
    get containment() {
      return kind;
    },
    exited: exited.promise,
    abandon() {
      isAbandoned = true;
    },
    end: (graceMs) => void end(graceMs).then(report.cleared),
    clear: (graceMs, { isUrgent }) => void (isUrgent ? clearAtOnce(graceMs) : end(graceMs).then(report.cleared)),
    hold: hold.until,
    hasten(graceMs) {
      if (ending === null) mostGraceMs = Math.min(mostGraceMs, graceMs);
      else ending.hasten(graceMs);
      hold.letGo();
    },
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
      return parts.spawnChild(order);
    },
  };

  async function start(): Promise<void> {
    const { name, command, ownerTag, stop, persistent: isPersistent = false } = spec;
    const cgroup = containment.cgroupOf(startId);
    const begun = parts.turns.begin();
    // What is parked was forked before.
    if (parked === null) await parts.turns.take();
    const label = { startId, name, command, ...(ownerTag !== undefined && { ownerTag }) };
    // Side by side: on a busy machine each of these waits for its turn. Of what was parked there is a record.
    const intended =
      parked === null &&
      ledger.recordIntent({
        ...label,
        ...(cgroup !== null && { cgroup }),
        ...(isPersistent && { persistent: { spec, ports: [] } }),
      });
    const preparing = parked === null ? containment.prepare({ startId, ...stop, isPersistent }) : Promise.resolve(parked.contained);
    const looking = parked?.looking ?? lookForProgram({ command, ...surroundings(spec, parts, startId) }, { hasCgroup: cgroup !== null });
    looking.catch(() => {});
    try {
      if (isPersistent) claim = await persistence.claim(name);
      [contained] = await Promise.all([preparing, intended]);
      const found = await looking;
      child = await (parked === null ? parts.turns.spawn(() => spawn(found)) : spawn(found));
      parts.parking.enter(startId, spec, found);
    } catch (error) {
      const held = await preparing.catch(() => uncontained);
      await parked?.end();
      await held.release();
      await ledger.recordEnded({ startId });
      await claim?.release();
      report.failed(failureOf(error, spec, log));
      return;
    } finally {
      begun();
    }
    told = child.exited.then(onExit);
    // Until a parked shell has become the program, nothing else: it was woken on our processor, as the kernel does for the reader of a pipe.
    const entered = await child.cgroup;
    if (parked !== null) {
      contained.dedicate(stop);
      void ledger.recordTaken(label);
    }
    [kind, process] = await Promise.all([contained.started(child.pid, entered), identify(child)]);
    if (process !== null) {
      await ledger.recordStarted({
        startId,
        pid: process.pid,
        identity: process.identity,
        ports: ports.map(({ name, port }) => ({ name, port })),
      });
      if (isPersistent) letGo();
    }
    if (!child.hasExited()) report.spawned(process);
  }

  /** One more thread, and what it reads, is nothing that the next program should wait for. */
  async function identify(started: Child): Promise<ProcessInfo | null> {
    await parts.turns.quiet();
    return identifyChild(started, spec.name, parts);
  }

  /** Until a successor would find it, it ends with us as any other does. */
  function letGo(): void {
    outlivesUs = ledger.state === 'ok';
    if (outlivesUs) contained.letGo();
    else log.warn({ service: spec.name }, 'a persistent service is not on disk, and will end with this sidecar');
  }

  async function resume({ start: { cgroup, orphans = [], persistent }, process: found }: LeftRunning): Promise<void> {
    try {
      contained = await containment.resume({ startId, pid: found.pid, cgroup: cgroup ?? null, orphans });
      kind = await contained.started(found.pid, contained.cgroup);
      child = persistence.follow(found, contained.cgroup);
      told = child.exited.then(onExit);
      process = found;
      outlivesUs = true;
      equipment = parts.equipments.of(spec);
      ports = equipment.ports.resume(persistent?.ports ?? []);
      report.opened(equipment.output, true);
      file = await reopenOwnFile(found.pid, { ...parts, spec, output: equipment.output });
    } catch (error) {
      // It runs on, and as long as it does nobody may start a second one by its name.
      void child?.exited.then(() => claim?.release());
      report.failed(failureOf(error, spec, log));
      return;
    }
    if (!child.hasExited()) report.spawned(process);
  }

  async function spawn(found: FoundProgram): Promise<Child> {
    if (isAbandoned) throw abandoned(spec);
    equipment = parts.equipments.of(spec);
    const { output } = equipment;
    report.opened(output, false);
    ports = await equipment.ports.open();
    const spawned = await spawnService({ startId, found, cgroup: contained.cgroup, output, ports }, { ...parts, ...parked, spec });
    file = spawned.file;
    return spawned.child;
  }

  async function onExit(exit: ChildExit): Promise<void> {
    exited.resolve(exit);
    if (claim === null) emptied = contained.isEmpty();
    parts.parking.expect(spec);
    // What it said last is part of why it ended; a descendant that lives on may hold its pipes open for good.
    await Promise.race([Promise.all([equipment?.output.drained(), file?.catchUp()]), parts.clock.sleep(lastWordsMs)]);
    report.exited(exit);
  }

  /** Whatever left the cgroup, by the help of somebody who may do that, is looked for behind the restart, and not before it. */
  async function clearAtOnce(graceMs: number): Promise<void> {
    const isEmpty = claim === null && ((await emptied) || (await contained.isEmpty()));
    if (!isEmpty) return report.cleared(await end(graceMs));
    report.cleared(null);
    await parts.clock.sleep(restartFirstMs);
    await end(graceMs);
  }

  /** Gives what could not be ended, as a sentence. */
  async function end(orderedMs: number): Promise<string | null> {
    await hold.passed();
    const graceMs = Math.min(orderedMs, mostGraceMs);
    mostGraceMs = Number.POSITIVE_INFINITY;
    const root = child === null || child.hasExited() ? null : process;
    const { signal } = spec.stop;
    const order: EndingOrder = { startId, contained, root, leader: process, input: inputToClose(), signal, graceMs, onRung: report.rung };
    ending = beginEnding(order, parts);
    const remains = await ending.done.catch(forceChild);
    ending = null;
    // Its end is known to the kernel before Node has collected it.
    if (child !== null && !remains.identities.has(process?.identity ?? '')) await collect(child);
    await parts.parking.leave(startId);
    if (remains.sentence === null) {
      await contained.release();
      await ledger.recordEnded({ startId });
    }
    await file?.close();
    await claim?.release();
    return remains.sentence;
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
const restartFirstMs = 250;
