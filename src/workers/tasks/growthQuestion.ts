import type { ProcessRef } from '../../protocol/types/process.ts';
import type { Glimpse } from '../platform/types.ts';
import type { ProtectionFacts } from '../protection.ts';
import type { SharedCount } from '../sharedCount.ts';
import type { SignalRecord } from '../signalRecord.ts';
import type { SignalOutcome } from './signalProcesses.ts';

/** What one step is asked to do. */
export interface GrowthStep {
  questions: GrowthQuestion[];
  /** Of questions, for the next step. Where nobody counts, somebody may wait. */
  waiting?: SharedCount;
}

/** A process that belongs to a tree already. */
export interface Member {
  pid: number;
  identity: string;
  /** From an earlier look; null before the first. */
  startTicks: number | null;
}

export interface GrowthQuestion {
  members: Member[];
  /** One more that is to be looked up first, and judged: it is the first that is found, or missed. Only together with `strike`. */
  meant?: ProcessRef;
  /** Whether anybody but those is looked for. */
  tree: boolean;
  /** Stop every member while looking, so that none can fork away from under the look. Only together with `strike`. */
  freeze: boolean;
  allowProtected: boolean;
  protection: ProtectionFacts;
  /** Signals them in the same breath, so that nobody is left stopped between two tasks. */
  strike?: Strike;
}

export interface Strike {
  signal: string;
  record: SignalRecord;
  /** In the order of the members: their handles, and who is to be signalled. */
  targets: { handle: number | null; isDue: boolean }[];
  /** Those that are found are signalled too. */
  withFound: boolean;
  notePorts: boolean;
}

export interface Growth {
  /** New members, parents first. */
  found: Glimpse[];
  /** Why the one that was meant is not among them, where it is not protected. */
  missed?: Missed;
  /** Of every member that was seen, by identity: hand them back with the next look. */
  startTicks: Record<string, number>;
  /** Belongs to the tree but is protected; neither it nor what is below it was touched. */
  spared: Glimpse[];
  /** What protects has changed since the facts were gathered: nobody was looked at or touched. */
  isOutdated?: true;
  /** A thread has failed over it before. */
  isSecondTry?: true;
  /** By identity, of whom the strike was meant for. */
  outcomes: Record<string, SignalOutcome>;
}

/** `ended`: it was signalled by a thread that died in this step, and is gone by now. */
export type Missed =
  | { kind: 'gone' }
  | { kind: 'denied' }
  | { kind: 'identityMismatch'; name: string }
  | { kind: 'ended'; identity: string; signal: string };
