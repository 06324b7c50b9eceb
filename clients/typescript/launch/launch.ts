import type { Readable, Writable } from 'node:stream';

/** How a sidecar is started; called again for each restart. Rejects with a sentence when it cannot be. */
export type Launch = () => Promise<Launched>;

/** A process that was started, and the two directions of its wire. */
export interface Launched {
  /** Undefined where it did not come to be. */
  pid: number | undefined;
  input: Writable;
  output: Readable;
  /** What it says beside the protocol, one JSON object a line. */
  log: Readable | null;
  /** Resolves when it has ended and its last output has been handed over. */
  ended: Promise<Ending>;
  /** Ends it at once. The handle names this child and no other. */
  kill(): void;
}

/** `problem` is why it did not run at all. */
export type Ending = { code: number | null; signal: string | null } | { problem: string };

export function describeEnding(ending: Ending): string {
  if ('problem' in ending) return `The sidecar could not be started: ${ending.problem}.`;
  return `The sidecar has ended (${ending.signal ?? `exit code ${ending.code}`}).`;
}
