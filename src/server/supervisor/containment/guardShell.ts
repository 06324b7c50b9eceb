import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { GuardRole } from '../../ledger/records.ts';
import type { GuardProcess } from '../../os/guardProcess.ts';

/** One shell, started when there is something to tell it, and again when somebody ends it. */
export interface GuardShell {
  /** Starts it where it does not run. Resolves when the kernel has the line, or all that there is to know; false where there is none. */
  tellOrStart(line: string): Promise<boolean>;
  /** Where it does not run nobody is told: whoever follows it asks for all that is known. */
  tell(lines: string): void;
  /** Null while there is none. */
  pid(): number | null;
  /** Tells it this, and ends it for good. */
  close(lastLines: string): void;
}

export interface GuardShellParts {
  role: GuardRole;
  start(role: GuardRole): Promise<GuardProcess>;
  /** All that it has to be told when it begins. */
  known(): string;
  /** Whether one that was ended is to be followed by another. */
  isNeeded(): boolean;
  onStarted(pid: number): void;
  clock: Clock;
  log: Log;
}

const restartPauseMs = 1_000;

export function createGuardShell({ role, start, known, isNeeded, onStarted, clock, log }: GuardShellParts): GuardShell {
  let starting: Promise<boolean> | null = null;
  let process: GuardProcess | null = null;
  let isClosed = false;

  return {
    async tellOrStart(line) {
      // One that was just started was told of all that there is.
      if (process === null) return ensure();
      await write(process, line);
      return true;
    },
    tell(lines) {
      if (process !== null) void write(process, lines);
    },
    pid: () => process?.pid ?? null,
    close(lastLines) {
      isClosed = true;
      if (process === null) return;
      if (lastLines !== '') void write(process, lastLines);
      process.end();
    },
  };

  function ensure(): Promise<boolean> {
    starting ??= begin();
    return starting;
  }

  async function begin(): Promise<boolean> {
    try {
      const started = await start(role);
      const startedMs = clock.monotonicMs();
      process = started;
      void started.exited.then(() => onExit(startedMs));
      onStarted(started.pid);
      const told = write(started, known());
      // Nobody has anything to tell it any more.
      if (isClosed) started.end();
      await told;
      return true;
    } catch (error) {
      log.warn({ err: error, role }, warnings[role]);
      return false;
    } finally {
      starting = null;
    }
  }

  /** Somebody ended it. One that does not live long is not started again at once. */
  function onExit(startedMs: number): void {
    process = null;
    if (isClosed) return;
    log.warn({}, `the ${role} was ended by somebody, and is started again`);
    const age = clock.monotonicMs() - startedMs;
    clock.setTimer(age < restartPauseMs ? restartPauseMs : 0, () => {
      if (!isClosed && isNeeded() && process === null) void ensure();
    });
  }

  /** What cannot be written any more is told to its successor. */
  async function write(guard: GuardProcess, lines: string): Promise<void> {
    await guard.write(lines).catch((error: unknown) => log.debug({ err: error, role }, 'a guard does not read any more'));
  }
}

const warnings: Record<GuardRole, string> = {
  guard: 'the guard could not be started: what runs now outlives this sidecar if that is killed; is there a /bin/sh?',
  deputy: 'the deputy of the guard could not be started: what runs now outlives this sidecar if both are killed; is there a /bin/sh?',
};
