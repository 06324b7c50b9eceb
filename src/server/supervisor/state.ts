import type { Failure } from '../../protocol/errors.ts';
import type { ProcessInfo } from '../../protocol/types/process.ts';

/* What a service can be, with the data that belongs to each state. */

export interface ServiceExit {
  exitCode: number | null;
  signal: string | null;
}

/** Each start of a service has its own, counted from 1. */
export type Generation = number;

export type ServiceState =
  | { name: 'stopped'; generation: Generation; exit: ServiceExit | null; cause: string | null }
  /** To be started when what it depends on is there; `waitsFor` says what is not, once that is known. */
  | { name: 'waiting'; generation: Generation; cause: string | null; waitsFor: string | null }
  | { name: 'starting'; generation: Generation; cause: string | null }
  | Running
  | Stopping
  | Ended<'backoff'>
  | Ended<'exited'>
  | (Ended<'fatal'> & { failure: Failure | null });

export interface Running {
  name: 'running';
  generation: Generation;
  /** Null where the system does not let us see our own child. */
  process: ProcessInfo | null;
  isReady: boolean;
  cause: string | null;
}

export interface Stopping {
  name: 'stopping';
  generation: Generation;
  /** What it waits for: the spawn that was under way, the end of all processes, or nothing but the system (`stuck`). */
  awaits: 'spawn' | 'end' | 'stuck';
  process: ProcessInfo | null;
  graceMs: number;
  exit: ServiceExit | null;
  cause: string;
  /** What could not be ended, as a sentence. */
  left: string | null;
  after: After;
}

/** What follows when the end that is under way is complete. */
export type After =
  | { kind: 'stay' }
  | { kind: 'start' }
  /** It was found to be ill: as if it had ended by itself. */
  | { kind: 'judge'; verdict: Verdict };

/** Ended, but not because it was asked to. */
export interface Ended<Name extends string> {
  name: Name;
  generation: Generation;
  /** Null when there was never a process. */
  exit: ServiceExit | null;
  cause: string;
  /** While what it has left behind is being ended. */
  isClearing: boolean;
  /** What follows then; in backoff `start` also says that the time has come. */
  next: 'stay' | 'start';
}

/** What an end that nobody asked for leads to. */
export type Verdict = { kind: 'stay' } | { kind: 'retry'; delayMs: number } | { kind: 'giveUp'; why: string };

/** Something of it may be alive, or will be without being asked for. */
export function isLive(state: ServiceState): boolean {
  switch (state.name) {
    case 'stopped':
      return false;
    case 'exited':
    case 'fatal':
      return state.isClearing;
    default:
      return true;
  }
}

/** It runs, or will without being asked to again. */
export function isUp(state: ServiceState): boolean {
  switch (state.name) {
    case 'stopped':
      return false;
    case 'stopping':
      return state.after.kind === 'start' || (state.after.kind === 'judge' && state.after.verdict.kind === 'retry');
    case 'exited':
    case 'fatal':
      return state.next === 'start';
    default:
      return true;
  }
}

/** A start that was asked for is still to come, or under way. */
export function isAboutToRun(state: ServiceState): boolean {
  switch (state.name) {
    case 'waiting':
    case 'starting':
      return true;
    case 'stopping':
      return state.after.kind === 'start';
    case 'exited':
    case 'fatal':
      return state.next === 'start';
    default:
      return false;
  }
}

/** An end is under way, and nobody but us is waited for. */
export function isEnding(state: ServiceState): boolean {
  switch (state.name) {
    case 'stopping':
      return state.awaits !== 'stuck';
    case 'backoff':
    case 'exited':
    case 'fatal':
      return state.isClearing;
    default:
      return false;
  }
}
