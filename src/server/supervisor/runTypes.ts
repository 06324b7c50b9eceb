import type { Writable } from 'node:stream';
import type { Log } from '../../log.ts';
import type { Failure } from '../../protocol/errors.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Child, ChildExit, SpawnChild } from '../os/spawn.ts';
import type { Containment, ContainmentKind } from './containment/containment.ts';
import type { EndingParts } from './ending.ts';
import type { Equipments } from './equipment.ts';
import type { ServiceOutput } from './output/output.ts';
import type { Parking } from './parking.ts';
import type { Persistence } from './persistence.ts';
import type { AssignedPort } from './servicePorts.ts';
import type { CompleteSpec } from './spec.ts';
import type { DescribeProcess } from './started.ts';
import type { Around } from './surroundings.ts';
import type { Turns } from './turns.ts';

export interface RunParts extends EndingParts, Around {
  ledger: Pick<Ledger, 'state' | 'recordIntent' | 'recordTaken' | 'recordStarted' | 'recordEnded'>;
  containment: Containment;
  spawnChild: SpawnChild;
  parking: Parking;
  describeProcess: DescribeProcess;
  equipments: Equipments;
  persistence: Persistence;
  log: Log;
  turns: Turns;
}

/** What becomes of a run, told as it happens: `spawned` or `failed` or neither, `exited`, and `cleared` after each ending. */
export interface RunReport {
  /** Where it will write to, before the program is there to do so; where it goes on writing to, if that is resumed. */
  opened(output: ServiceOutput, isResumed: boolean): void;
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
  /** It is on disk for a successor, and does not end with us. */
  readonly outlivesUs: boolean;
  /** What holds together whatever it starts. */
  readonly containment: ContainmentKind;
  readonly exited: Promise<ChildExit>;
  /** Spawns nothing, if nothing was spawned yet. */
  abandon(): void;
  /** Ends it with all that it has started. */
  end(graceMs: number): void;
  /** It has ended: ends what it has left behind. Where that is urgent and the kernel knows that there is nothing, `cleared` comes at once. */
  clear(graceMs: number, order: { isUrgent: boolean }): void;
  /** Its end does not begin before this has come to one, unless it is hastened. */
  hold(until: Promise<void>): void;
  hasten(graceMs: number): void;
  relent(): void;
  /** Sends a signal to the process itself; false when it has ended, or is not there yet. */
  signal(signal: NodeJS.Signals): boolean;
  /** Starts another program in the same surroundings; with its mark, so that it ends with it. Throws SpawnFailed. */
  spawnBeside(program: { command: string; args: readonly string[] }): Promise<Child>;
}
