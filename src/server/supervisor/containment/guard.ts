import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import { type GuardProcess, startGuardProcess } from '../../os/guardProcess.ts';
import type { SpawnChild } from '../../os/spawn.ts';
import type { TickMark } from '../../os/ticks.ts';

/** What the guard is told of a start before it begins. */
export interface GuardedStart {
  startId: string;
  signal: string;
  graceMs: number;
  /** The cgroup that holds nothing else; null for none. */
  cgroup: string | null;
}

/**
 * One shell (guard.sh, on macOS guardDarwin.sh) for all services of a sidecar: it ends what they have started when the sidecar cannot any more. Started with
 * the first of them, and again when somebody ends it.
 */
export interface Guard {
  /** Before the spawn. False where there is no guard: then nothing ends what a killed sidecar leaves. */
  add(start: GuardedStart): Promise<boolean>;
  /** It is asked by another signal, and has another grace. */
  change(start: GuardedStart): void;
  /** What was started: it leads a session of its own. */
  lead(startId: string, leader: TickMark): void;
  /** Belongs to it as well, whatever its session and environment. */
  own(startId: string, member: TickMark): void;
  /** Nothing of it is left. */
  remove(startId: string): void;
  /** Null while there is none. */
  pid(): number | null;
  /** Ends it, and with it whatever it still knows of: that had its grace already, and is killed. */
  close(): void;
}

export interface GuardParts {
  /** The text of guard.sh, or guardDarwin.sh. */
  readScript(): Promise<string>;
  /** Ourselves, and the host if we watch one. */
  watched(): Promise<{ sidecar: TickMark; host: TickMark | null }>;
  /** Where it finds cat and sleep. */
  path: string;
  spawnChild: SpawnChild;
  /** One was started. */
  onStarted?(pid: number): void;
  clock: Clock;
  log: Log;
}

/** Nobody waits longer than this for what a dead sidecar has left. */
const longestGraceMs = 3_000;
const restartPauseMs = 1_000;

export function createGuard({ readScript, watched, path, spawnChild, onStarted, clock, log }: GuardParts): Guard {
  const starts = new Map<string, Known>();
  let starting: Promise<GuardProcess | null> | null = null;
  let process: GuardProcess | null = null;
  let lastNumber = 0;
  let isClosed = false;

  return {
    async add(start) {
      lastNumber += 1;
      const number = lastNumber;
      const { line, lineWithoutGrace } = describe(number, start);
      starts.set(start.startId, { number, lines: [line], lineWithoutGrace });
      const running = process !== null;
      const guard = await ensure();
      // One that was just started was told of all that there is.
      if (guard !== null && running) await tell(guard, line);
      return guard !== null;
    },
    change(start) {
      const known = starts.get(start.startId);
      if (known === undefined) return;
      const { line, lineWithoutGrace } = describe(known.number, start);
      Object.assign(known, { lines: [...known.lines, line], lineWithoutGrace });
      if (process !== null) void tell(process, line);
    },
    lead: (startId, mark) => addLine(startId, 'led', mark),
    own: (startId, mark) => addLine(startId, 'own', mark),
    remove(startId) {
      const known = starts.get(startId);
      starts.delete(startId);
      if (known !== undefined && process !== null) void tell(process, `del ${known.number}\n`);
    },
    pid: () => process?.pid ?? null,
    close() {
      isClosed = true;
      if (process === null) return;
      if (starts.size > 0) void tell(process, [...starts.values()].map(({ lineWithoutGrace }) => lineWithoutGrace).join(''));
      process.end();
    },
  };

  function addLine(startId: string, word: string, { pid, startTicks }: TickMark): void {
    const known = starts.get(startId);
    if (known === undefined) return;
    const line = `${word} ${known.number} ${pid} ${startTicks}\n`;
    known.lines.push(line);
    if (process !== null) void tell(process, line);
  }

  async function ensure(): Promise<GuardProcess | null> {
    if (process !== null) return process;
    starting ??= start();
    return starting;
  }

  async function start(): Promise<GuardProcess | null> {
    try {
      const [script, { sidecar, host }] = await Promise.all([readScript(), watched()]);
      const marks = [sidecar, ...(host === null ? [] : [host])];
      const args = marks.flatMap(({ pid, startTicks }) => [String(pid), String(startTicks)]);
      const started = await startGuardProcess({ script, args, path }, spawnChild);
      const startedMs = clock.monotonicMs();
      process = started;
      void started.exited.then(() => onExit(startedMs));
      onStarted?.(started.pid);
      await tell(started, [...starts.values()].flatMap(({ lines }) => lines).join(''));
      return started;
    } catch (error) {
      log.warn(
        { err: error },
        'the guard could not be started: what runs now outlives this sidecar if that is killed; is there a /bin/sh?',
      );
      return null;
    } finally {
      starting = null;
    }
  }

  /** Somebody ended it. One that does not live long is not started again at once. */
  function onExit(startedMs: number): void {
    process = null;
    if (isClosed) return;
    log.warn({}, 'the guard was ended by somebody, and is started again');
    const age = clock.monotonicMs() - startedMs;
    clock.setTimer(age < restartPauseMs ? restartPauseMs : 0, () => {
      if (!isClosed && starts.size > 0) void ensure();
    });
  }

  /** What cannot be written any more is told to its successor. */
  async function tell(guard: GuardProcess, lines: string): Promise<void> {
    await guard.write(lines).catch((error: unknown) => log.debug({ err: error }, 'the guard does not read any more'));
  }
}

function describe(number: number, { startId, signal, graceMs, cgroup }: GuardedStart): { line: string; lineWithoutGrace: string } {
  const withGrace = (grace: number) => `add ${number} ${startId} ${signal.replace(/^SIG/, '')} ${grace} ${cgroup ?? '-'}\n`;
  return { line: withGrace(Math.ceil(Math.min(graceMs, longestGraceMs) / 10)), lineWithoutGrace: withGrace(0) };
}

interface Known {
  number: number;
  lines: string[];
  lineWithoutGrace: string;
}
