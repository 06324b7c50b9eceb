import type { Clock } from '../../clock.ts';
import { startJob } from '../os/job.ts';
import type { Child, SpawnChild, SpawnOrder } from '../os/spawn.ts';
import { hasTerminal, openTerminal } from '../os/terminal.ts';

/** How a command stands to the terminal that it was given. */
export type Footing =
  /** Nothing controls us: it has a session of its own, as a service has. */
  | 'session'
  /** A job of its own, in the foreground of the terminal: what is typed there reaches it and not us. */
  | 'job'
  /** Among whoever shares our process group, as the parts of a pipeline or of a script do: what is typed reaches all of us. */
  | 'group';

export interface Started {
  child: Child;
  footing: Footing;
  /** Whoever ends it stops it for a moment, which is not to stop us. */
  stay(): void;
}

export interface StartingParts {
  native: boolean;
  /** Whether nobody else is in our process group. */
  isAlone(): boolean;
  reserve(pid: number): () => void;
  spawnChild: SpawnChild;
  clock: Clock;
}

/** Starts a command with our descriptors 0 to 2. Throws SpawnFailed. */
export async function startCommand(
  order: Omit<SpawnOrder, 'stdin' | 'output' | 'session' | 'descriptors'>,
  { native, isAlone, reserve, spawnChild, clock }: StartingParts,
): Promise<Started> {
  // In a group with others it stays there: a shell stops and continues them together, and a pager beside it needs the foreground too.
  const terminal = isAlone() ? openTerminal({ native }) : null;
  const job = terminal === null ? null : await startJob({ ...order, terminal, reserve }, clock);
  if (job !== null) return { child: job, footing: 'job', stay: () => job.stay() };
  const session = hasTerminal() ? 'ours' : 'own';
  const child = await spawnChild({ ...order, stdin: 'ours', output: 'ours', session });
  return { child, footing: session === 'own' ? 'session' : 'group', stay: () => {} };
}
