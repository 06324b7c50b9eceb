import type { Hold, Platform, Rung, SignalAnswer, Signals } from '../platform/types.ts';
import { openRecord, type Progress, type SignalRecord } from '../signalRecord.ts';
import { checkPort } from './checkPort.ts';
import { listHeldPorts } from './heldPorts.ts';

export interface SignalTarget {
  pid: number;
  identity: string;
  /** From an earlier step of the same ladder; null to take hold now. */
  handle: number | null;
}

export interface SignalOutcome {
  answer: SignalAnswer | 'zombie';
  handle: number | null;
  /** Of one that was signalled: what that is called here. */
  rung?: Rung;
  /** Of a zombie: who has to collect it. */
  ppid?: number;
  /** Its end was seen by this step already. */
  hasEnded?: true;
  /** The TCP ports it listened on before the signal, if that was asked for. */
  heldPorts?: number[];
  /** Those of them that could be bound again after all had ended, where this step has seen that. */
  freedPorts?: number[];
}

export interface SignalStep {
  targets: SignalTarget[];
  signal: string;
  record: SignalRecord;
  notePorts: boolean;
  /** The signal and nothing behind it, for one that is not to end. */
  isAlone?: boolean;
}

/** One step of the ladder: take hold, check identity, signal. */
export async function signalProcesses(
  { targets, signal, record, notePorts, isAlone = false }: SignalStep,
  platform: Platform,
): Promise<SignalOutcome[]> {
  const progress = openRecord(record);
  const ports = notePorts
    ? await listHeldPorts(
        targets.map(({ pid }) => pid),
        platform,
      )
    : null;
  const outcomes = targets.map((target, place) => {
    const held = takeHold(target, place, progress, platform.signals);
    return withPorts(strike({ target, held, place, signal, isAlone }, progress, platform.signals), ports?.get(target.pid));
  });
  noteEnds(outcomes, platform.signals);
  await noteFreed(outcomes, platform);
  return outcomes;
}

/**
 * Many processes end in less time than it takes to begin to wait for them elsewhere, so the thread stays for that moment, and while they
 * go on ending; for a shorter one when others wait for their turn.
 */
export function noteEnds(outcomes: SignalOutcome[], signals: Signals, isWaitedFor = () => true): void {
  let living = outcomes.filter(({ answer, handle }) => answer === 'sent' && handle !== null);
  const giveUpMs = performance.now() + longestStayMs;
  for (let changedMs = performance.now(); living.length > 0; ) {
    const ended = signals.awaitEnds(
      living.map(({ handle }) => handle as number),
      sliceMs,
    );
    for (const outcome of living) if (ended.has(outcome.handle as number)) outcome.hasEnded = true;
    living = living.filter(({ hasEnded }) => !hasEnded);
    const nowMs = performance.now();
    if (ended.size > 0) changedMs = nowMs;
    const momentMs = !isWaitedFor() ? longMomentMs : living.length > 1 ? momentForManyMs : shortMomentMs;
    if (nowMs - changedMs >= momentMs || nowMs >= giveUpMs) return;
  }
}
const sliceMs = 1;
const shortMomentMs = 1;
/** They take turns on the processors. */
const momentForManyMs = 5;
/** A Node.js server needs 5 ms to end. */
const longMomentMs = 10;
const longestStayMs = 200;

/** Whether the ports can be bound now: asked here, in the same breath, when all have ended and nobody is left to hold one of them. */
export async function noteFreed(outcomes: SignalOutcome[], platform: Platform): Promise<void> {
  if (outcomes.some(({ answer, hasEnded }) => answer !== 'sent' || !hasEnded)) return;
  const free = new Set<number>();
  for (const port of new Set(outcomes.flatMap(({ heldPorts = [] }) => heldPorts))) {
    const { canBind } = await checkPort({ protocol: 'tcp', port, hosts: null }, platform);
    if (canBind) free.add(port);
  }
  for (const outcome of outcomes) if (outcome.heldPorts) outcome.freedPorts = outcome.heldPorts.filter((port) => free.has(port));
}

/** Takes hold of a target, unless an earlier step did, or a thread that died in this one. */
export function takeHold(target: SignalTarget, place: number, progress: Progress, signals: Signals): Hold {
  const held: Hold =
    target.handle === null
      ? (heldBefore(place, progress) ?? signals.hold(target.pid, target.identity))
      : { kind: 'held', handle: target.handle };
  if (held.kind !== 'held') return held;
  const handle = progress.hold(place, target, held.handle);
  if (handle !== held.handle) signals.release(held.handle);
  return { kind: 'held', handle };
}

function heldBefore(place: number, progress: Progress): Hold | null {
  const recorded = progress.at(place);
  return recorded?.handle == null ? null : { kind: 'held', handle: recorded.handle };
}

/** Signals what is held, with a SIGCONT behind it so that a stopped process takes note, and one that was stopped for this goes on. */
export function strike(
  { target: { pid, identity }, held, place, signal, isAlone = false }: Strike,
  progress: Progress,
  signals: Signals,
): SignalOutcome {
  // A thread that died may have sent it already; then that is what ended it.
  const isAgain = progress.at(place)?.isClaimed ?? false;
  if (held.kind !== 'held' && isAgain) return { answer: 'sent', handle: null, rung: signals.rung(signal) };
  if (held.kind === 'zombie') return { answer: 'zombie', handle: null, ppid: held.ppid };
  if (held.kind !== 'held') return { answer: held.kind, handle: null };
  const target = { pid, identity, handle: held.handle };
  // A second SIGKILL does nothing more; a second polite signal makes many programs give up their manners.
  const sent = progress.claim(place) || signal === 'SIGKILL' ? signals.send(target, signal) : 'sent';
  const answer = isAgain && sent !== 'denied' ? 'sent' : sent;
  if (answer === 'sent' ? signal !== 'SIGKILL' && !isAlone : progress.at(place)?.isFrozen) signals.send(target, 'SIGCONT');
  progress.continued(place);
  return { answer, handle: held.handle, ...(answer === 'sent' && { rung: signals.rung(signal) }) };
}

interface Strike {
  target: Omit<SignalTarget, 'handle'>;
  held: Hold;
  place: number;
  signal: string;
  isAlone?: boolean;
}

export function withPorts(outcome: SignalOutcome, heldPorts: number[] | undefined): SignalOutcome {
  return heldPorts === undefined ? outcome : { ...outcome, heldPorts };
}
