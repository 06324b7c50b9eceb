import type { Clock } from '../../../clock.ts';
import type { Log } from '../../../log.ts';
import type { GuardRole } from '../../ledger/records.ts';
import { type GuardProcess, startGuardProcess } from '../../os/guardProcess.ts';
import type { SpawnChild } from '../../os/spawn.ts';
import type { ReadTicks, TickMark } from '../../os/ticks.ts';
import { createGuardShell } from './guardShell.ts';

/** What the guard is told of a start before it begins. */
export interface GuardedStart {
  startId: string;
  signal: string;
  graceMs: number;
  /** The cgroup that holds nothing else; null for none. */
  cgroup: string | null;
}

/**
 * Two shells (guard.sh, on macOS guardDarwin.sh) for all services of a sidecar: the guard ends what they have started when the sidecar
 * cannot any more, and its deputy does so where the guard cannot either. Started with the first service, and again when somebody ends them.
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
  /** Of those that there are: the guard, its deputy. */
  pids(): number[];
  /** Ends both, and with them whatever they still know of: that had its grace already, and is killed. */
  close(): void;
}

export interface GuardParts {
  /** The text of guard.sh, or guardDarwin.sh. */
  readScript(): Promise<string>;
  /** Ourselves, and the host if we watch one. */
  watched(): Promise<{ sidecar: TickMark; host: TickMark | null }>;
  readTicks: ReadTicks;
  /** Where they find cat and sleep. */
  path: string;
  spawnChild: SpawnChild;
  /** One was started. */
  onStarted?(role: GuardRole, pid: number): void;
  clock: Clock;
  log: Log;
}

/** Nobody waits longer than this for what a dead sidecar has left. */
const longestGraceMs = 3_000;

export function createGuard({ readScript, watched, readTicks, path, spawnChild, onStarted, clock, log }: GuardParts): Guard {
  const starts = new Map<string, Known>();
  const isNeeded = () => starts.size > 0;
  const knownLines = () => [...starts.values()].flatMap(({ lines }) => lines).join('');
  /** For whom the deputy waits; nothing while that is not known. */
  let guardLine = '';
  let lastNumber = 0;

  const guard = createGuardShell({
    ...{ role: 'guard', start, isNeeded, clock, log },
    known: knownLines,
    onStarted(pid) {
      onStarted?.('guard', pid);
      void introduce(pid);
    },
  });
  const deputy = createGuardShell({
    ...{ role: 'deputy', start, isNeeded, clock, log },
    known: () => guardLine + knownLines(),
    onStarted: (pid) => onStarted?.('deputy', pid),
  });
  const shells = [guard, deputy];
  const tell = (line: string) => {
    for (const shell of shells) shell.tell(line);
  };

  return {
    async add(start) {
      lastNumber += 1;
      const number = lastNumber;
      const { line, lineWithoutGrace } = describe(number, start);
      starts.set(start.startId, { number, lines: [line], lineWithoutGrace });
      // Side by side: nobody waits for the deputy.
      const isGuarded = guard.tellOrStart(line);
      void deputy.tellOrStart(line);
      return isGuarded;
    },
    change(start) {
      const known = starts.get(start.startId);
      if (known === undefined) return;
      const { line, lineWithoutGrace } = describe(known.number, start);
      Object.assign(known, { lines: [...known.lines, line], lineWithoutGrace });
      tell(line);
    },
    lead: (startId, mark) => addLine(startId, 'led', mark),
    own: (startId, mark) => addLine(startId, 'own', mark),
    remove(startId) {
      const known = starts.get(startId);
      starts.delete(startId);
      if (known !== undefined) tell(`del ${known.number}\n`);
    },
    pids: () => shells.map((shell) => shell.pid()).filter((pid) => pid !== null),
    close() {
      const lastLines = [...starts.values()].map(({ lineWithoutGrace }) => lineWithoutGrace).join('');
      for (const shell of shells) shell.close(lastLines);
    },
  };

  function addLine(startId: string, word: string, { pid, startTicks }: TickMark): void {
    const known = starts.get(startId);
    if (known === undefined) return;
    const line = `${word} ${known.number} ${pid} ${startTicks}\n`;
    known.lines.push(line);
    tell(line);
  }

  async function start(role: GuardRole): Promise<GuardProcess> {
    const [script, { sidecar, host }] = await Promise.all([readScript(), watched()]);
    // One that watches for a sidecar that hangs is enough.
    const marks = role === 'guard' && host !== null ? [sidecar, host] : [sidecar];
    const args = marks.flatMap(({ pid, startTicks }) => [String(pid), String(startTicks)]);
    return startGuardProcess({ name: `sidewarden-${role}`, script, args, path }, spawnChild);
  }

  /** A deputy that was not told yet acts beside the guard: then some are asked twice. */
  async function introduce(pid: number): Promise<void> {
    const mark = await readTicks(pid);
    if (mark === null || guard.pid() !== pid) return;
    guardLine = `guard ${pid} ${mark.startTicks}\n`;
    deputy.tell(guardLine);
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
