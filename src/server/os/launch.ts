import type { Readable, Writable } from 'node:stream';

/** A program to be started, with all that was looked at and decided before. */
export interface Launch {
  file: string;
  args: readonly string[];
  argv0: string;
  cwd: string;
  environment: Readonly<Record<string, string>>;
  /** Its own, unless it is to stay where our terminal reaches it, in our process group. */
  session: 'own' | 'ours';
  /** Empty, or a pipe. */
  stdin: 'none' | 'pipe' | 'ours';
  /** Thrown away, pipes that have to be read, or a descriptor of ours for both. */
  output: 'none' | 'pipes' | 'ours' | number;
  /** Descriptors of ours that it gets as 3, 4 and so on. */
  descriptors: readonly number[];
  /** The number at which it has the writing end of one more pipe; null for none. */
  noticeFd: number | null;
}

/** What was started. Its pid is its own until `hasExited`: it is collected right before. */
export interface Launched {
  pid: number;
  hasExited(): boolean;
  /** Resolves when it has ended and was collected. */
  exited: Promise<ChildExit>;
  /** Signals this very process, without a look at who it is; nothing happens once it was collected. */
  signal(signal: NodeJS.Signals): void;
  /** Null where it has none. */
  stdin: Writable | null;
  output: { stdout: Readable; stderr: Readable } | null;
  notice: Readable | null;
}

export interface ChildExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

/** It was not started: the symbol of an errno. */
export interface NotLaunched {
  errno: string;
  cause?: unknown;
}

export type Launcher = (launch: Launch) => Promise<Launched | NotLaunched>;
