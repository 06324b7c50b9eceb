import type { Clock } from '../../clock.ts';
import { startJob } from '../os/job.ts';
import { isPosix } from '../os/posix.ts';
import type { Child, SpawnChild, SpawnOrder } from '../os/spawn.ts';
import { hasTerminal, openTerminal } from '../os/terminal.ts';

/** How a command stands to the terminal that it was given. */
export type Footing =
  /** Nothing controls us: it has a session of its own, as a service has. */
  | 'session'
  /** A job of its own, in the foreground of the terminal: what is typed there reaches it and not us. */
  | 'job'
  /** Among whoever shares our process group, or on Windows our console, as the parts of a pipeline or of a script do: what is typed reaches all of us. */
  | 'group';

export interface Started {
  child: Child;
  footing: Footing;
  /** Whoever ends it stops it for a moment, which is not to stop us. */
  stay(): void;
}

export interface StartingParts {
  /** Whether a job can be made of it, which is written for Linux alone, and by native calls. */
  hasJobs: boolean;
  /** Whether nobody else is in our process group. */
  isAlone(): boolean;
  reserve(pid: number): () => void;
  spawnChild: SpawnChild;
  clock: Clock;
}

/** Starts a command with our descriptors 0 to 2. Throws SpawnFailed. */
export async function startCommand(
  order: Omit<SpawnOrder, 'stdin' | 'output' | 'session' | 'descriptors'>,
  { hasJobs, isAlone, reserve, spawnChild, clock }: StartingParts,
): Promise<Started> {
  // In a group with others it stays there: a shell stops and continues them together, and a pager beside it needs the foreground too.
  const terminal = hasJobs && isAlone() ? openTerminal({ native: true }) : null;
  const job = terminal === null ? null : await startJob({ ...order, terminal, reserve }, clock);
  if (job !== null) return { child: job, footing: 'job', stay: () => job.stay() };
  const session = hasTerminal() || !isPosix ? 'ours' : 'own';
  const child = await spawnChild({ ...order, stdin: 'ours', output: 'ours', session });
  return { child, footing: session === 'own' ? 'session' : 'group', stay: () => {} };
}
