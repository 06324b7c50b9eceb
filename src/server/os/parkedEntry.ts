import type { Readable, Writable } from 'node:stream';
import type { Clock } from '../../clock.ts';
import { parkedName, passesShell, shellNoticeFd, within } from './cgroupEntry.ts';
import type { Launched, Launcher } from './launch.ts';
import type { Child, SpawnOrder } from './spawn.ts';

/**
 * A shell that was started ahead: it waits inside a cgroup until it is told what to become. Whoever moves into a cgroup of a quiet
 * system waits some 6 ms, until every processor has passed through the scheduler (the kernel’s lock against forks meanwhile,
 * cgroup_threadgroup_rwsem); this one has that behind it. It ends with its input, and so with us.
 */
export interface ParkedEntry {
  readonly pid: number;
  readonly exited: Promise<unknown>;
  /** Becomes the program, once. Null where it cannot: that does not fit. */
  become(order: ParkedOrder & { path: string }): Child | null;
  /** Ends it, unless it has become something. Resolves when it is gone, or will not go. */
  end(): Promise<void>;
}

/** Whether one that begins with this environment can become that, once its program is known to be there. */
export function fits(order: ParkedOrder, environment: Readonly<Record<string, string>>): boolean {
  return tell({ ...order, path: '/' }, ownOf(environment)) !== null;
}

export type ParkedOrder = Pick<SpawnOrder, 'command' | 'args' | 'cwd' | 'environment' | 'stdin' | 'descriptors'>;

/** Resolves when it waits inside; null where it cannot be started, or does not come in. `environment` is what it begins with, and is best what it ends with. */
export async function parkEntry(
  { cgroup, environment }: { cgroup: string; environment: Readonly<Record<string, string>> },
  launch: Launcher,
  clock: Clock,
): Promise<ParkedEntry | null> {
  const own = ownOf(environment);
  const launched = await launch({
    file: '/bin/sh',
    argv0: parkedName,
    args: ['-c', script, parkedName, cgroup],
    cwd: '/',
    environment: own,
    session: 'own',
    stdin: 'pipe',
    output: 'pipes',
    descriptors: [],
    noticeFd: shellNoticeFd,
  });
  if ('errno' in launched) return null;
  const { stdin, notice } = launched as Launched & { stdin: Writable; notice: Readable };
  const closed = new Promise<void>((resolve) => notice.once('close', () => resolve()));
  const said = new Promise<boolean>((resolve) => notice.once('data', () => resolve(true)));
  const isInside = await within(Promise.race([said, closed.then(() => false)]), clock);
  const entry = createParked(launched, { cgroup, environment: own, stdin, closed }, clock);
  if (isInside) return entry;
  await entry.end();
  return null;
}

interface Inside {
  cgroup: string;
  environment: Readonly<Record<string, string>>;
  stdin: Writable;
  /** Its notice is closed: it has become the program, or ended. */
  closed: Promise<void>;
}

function createParked(
  { stdin: _, notice: __, ...child }: Launched,
  { cgroup, environment, stdin, closed }: Inside,
  clock: Clock,
): ParkedEntry {
  let hasBecome = false;
  return {
    pid: child.pid,
    exited: child.exited,
    become(order) {
      const text = tell(order, environment);
      if (text === null) return null;
      hasBecome = true;
      stdin.end(text);
      return { ...child, stdin: null, cgroup: within(closed, clock).then(() => cgroup) };
    },
    async end() {
      if (hasBecome) return;
      stdin.end();
      // It may have been stopped.
      child.signal('SIGKILL');
      await within(child.exited, clock);
      // Nobody has read these to their ends.
      child.output?.stdout.destroy();
      child.output?.stderr.destroy();
    },
  };
}

/**
 * What it is told, line by line: the directory, then `-NAME` and `=NAME=value` for what is different in its environment, `:argument`, and a
 * dot. Before the dot nothing happens. Null for what does not go into a line, and for what would take long: it is read byte by byte.
 */
function tell(order: ParkedOrder & { path: string }, own: Inside['environment']): string | null {
  const { command, args, cwd, environment, path, stdin = 'none', descriptors = [] } = order;
  if (stdin !== 'none' || descriptors.length > 0) return null;
  const wanted = command.startsWith('-') ? path : command;
  const gone = Object.keys(own).filter((name) => !Object.hasOwn(environment, name));
  const changed = Object.entries(environment).filter(([name, value]) => own[name] !== value);
  if (!Object.keys(environment).every(mayBeTold)) return null;
  const lines = [
    cwd,
    ...gone.map((name) => `-${name}`),
    ...changed.map(([name, value]) => `=${name}=${value}`),
    ...[wanted, ...args].map((argument) => `:${argument}`),
    '.',
  ];
  const text = lines.map((line) => `${line}\n`).join('');
  return lines.some((line) => line.includes('\n')) || Buffer.byteLength(text) > mostBytes ? null : text;
}
const mostBytes = 8 * 1024;

/** What of an environment a parked shell begins with. */
function ownOf(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => mayBeTold(name) && !directoryVariables.includes(name)));
}

/** Its own variables, which would be changed where somebody exports them. */
const mayBeTold = (name: string): boolean => passesShell(name) && !name.startsWith('sidewarden_');
/** A shell sets them itself, so they are always told. */
const directoryVariables = ['PWD', 'OLDPWD'];

const script = `{ echo 0 > "$1/cgroup.procs" && echo >&${shellNoticeFd}; } 2>/dev/null || exit
shift
IFS= read -r sidewarden_line || exit
cd -P -- "$sidewarden_line" || exit 127
unset PWD OLDPWD
while IFS= read -r sidewarden_line; do
  case $sidewarden_line in
    -*) unset "\${sidewarden_line#-}" ;;
    =*) export "\${sidewarden_line#=}" ;;
    :*) set -- "$@" "\${sidewarden_line#:}" ;;
    .) exec "$@" < /dev/null ${shellNoticeFd}>&- ;;
  esac
done`;
