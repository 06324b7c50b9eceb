import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import type { ProcessInfo } from '../../protocol/types/process.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { buildEnvironment } from '../os/environment.ts';
import type { Child, ChildExit } from '../os/spawn.ts';
import type { Contained, Containment } from '../supervisor/containment/containment.ts';
import { beginEnding, type Ending, type EndingParts, type Left } from '../supervisor/ending.ts';
import type { RunOrder } from './arguments.ts';
import type { Footing, Started } from './starting.ts';

export interface CommandParts extends EndingParts {
  ledger: Pick<Ledger, 'recordIntent' | 'recordStarted' | 'recordEnded'>;
  containment: Containment;
  start(order: {
    command: string;
    args: string[];
    cwd: string;
    environment: Record<string, string>;
    cgroup: string | null;
  }): Promise<Started>;
  /** Calls back with each signal that reaches us. */
  onSignal(listener: (signal: NodeJS.Signals) => void): void;
  environment: Readonly<Record<string, string | undefined>>;
  directory: string;
  /** Says a sentence to whoever sits at the terminal. */
  tell(sentence: string): void;
}

/**
 * Runs a command, and ends with it whatever it has started, or ends it when a signal asks for that. Resolves with its exit code, or
 * 128 + n where a signal ended it. Throws SpawnFailed.
 */
export async function runCommand(order: RunOrder, parts: CommandParts): Promise<number> {
  const { ledger, containment, pool, tell } = parts;
  const startId = randomUUID();
  let contained: Contained | null = null;
  let run: (Started & { process: ProcessInfo | null }) | null = null;
  /** It was looked at, so that who it is, is known, if that can be. */
  let isKnown = false;
  let ending: Ending | null = null;
  /** For a command that is just being started. */
  const early: NodeJS.Signals[] = [];
  /** The first signal that asked for an end. */
  let asked: NodeJS.Signals | null = null;

  parts.onSignal((signal) => {
    if (run !== null && isForCommand(signal, run.footing)) return passOn(signal, run);
    if (!endingSignals.has(signal)) return void early.push(signal);
    // The second one skips the grace.
    if (ending !== null) ending.hasten(0);
    asked ??= signal;
    endOnRequest();
  });

  const cgroup = containment.cgroupOf(startId);
  await ledger.recordIntent({ startId, name: 'sidewarden run', command: order.command, ...(cgroup !== null && { cgroup }) });
  let left = nothing;
  try {
    contained = await containment.prepare({ startId, signal: 'SIGTERM', graceMs: order.graceMs });
    if (asked !== null) return codeOf({ exitCode: null, signal: asked });
    run = { ...(await start(contained)), process: null };
    for (const signal of early) passOn(signal, run);
    run.process = await record(run.child, contained);
    isKnown = true;
    endOnRequest();
    const exit = await run.child.exited;
    left = await end('SIGTERM').catch(() => unknown);
    if (left.sentence !== null) tell(left.sentence);
    return codeOf(exit);
  } finally {
    // What is left is there for the next run to find.
    if (left.sentence === null) {
      await contained?.release();
      await ledger.recordEnded({ startId });
    }
  }

  function start({ cgroup: group }: Contained): Promise<Started> {
    const { command, args } = order;
    const environment = buildEnvironment({ inherited: {}, inheritEnv: false, env: definedOf(parts.environment), startId });
    return parts.start({ command, args, cwd: parts.directory, environment, cgroup: group });
  }

  async function record(child: Child, { started }: Contained): Promise<ProcessInfo | null> {
    await started(child.pid, await child.cgroup);
    const answer = await pool.run('describeProcesses', { targets: [{ pid: child.pid }] }).catch(() => null);
    const process = child.hasExited() ? null : (answer?.processes[0] ?? null);
    if (process !== null) await ledger.recordStarted({ startId, pid: process.pid, identity: process.identity });
    return process;
  }

  function endOnRequest(): void {
    if (asked === null || run === null || !isKnown || ending !== null || run.child.hasExited()) return;
    const { child, process } = run;
    const force = () => {
      ending = null;
      child.signal('SIGKILL');
    };
    // One that nobody could look at ends by its own handle.
    end(asked).then(() => process === null && !child.hasExited() && force(), force);
  }

  /** The command, where it runs, and all that it has started. */
  function end(signal: NodeJS.Signals): Promise<Left> {
    if (ending === null && run !== null && contained !== null) {
      const { child, process, stay } = run;
      stay();
      const root = child.hasExited() ? null : process;
      ending = beginEnding({ startId, contained, root, leader: process, signal, graceMs: order.graceMs }, parts);
    }
    return ending?.done ?? Promise.resolve(nothing);
  }
}

const nothing: Left = { sentence: null, identities: new Set() };
const unknown: Left = { sentence: 'What the command had started may be left: processes could not be looked at.', identities: new Set() };

const endingSignals: ReadonlySet<NodeJS.Signals> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP']);

/** What the terminal sends to a whole process group has reached the command as well. */
function isForCommand(signal: NodeJS.Signals, footing: Footing): boolean {
  return !endingSignals.has(signal) || (footing === 'group' && signal === 'SIGINT');
}

function passOn(signal: NodeJS.Signals, { child, footing }: Started): void {
  const isFromTerminal = signal === 'SIGINT' || signal === 'SIGQUIT';
  if (footing !== 'group' || !isFromTerminal) child.signal(signal);
}

function codeOf({ exitCode, signal }: ChildExit): number {
  if (signal !== null) return 128 + constants.signals[signal];
  return exitCode ?? failedItself;
}

/** As of timeout(1) and env(1): not the command’s, ours. */
export const failedItself = 125;

function definedOf(environment: CommandParts['environment']): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}
