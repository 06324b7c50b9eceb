import { type Libc, loadLibc } from './libc.ts';

/**
 * posix_spawn(3): a child that shares our memory until its exec (CLONE_VFORK), where fork(2), by which Node starts one, copies the
 * page tables of the whole process first: a tenth of the time, in a process of 100 MB.
 */
export interface ProcessSpawn {
  spawn(order: SpawnOrder): { pid: number } | { errno: number };
  /** What became of a child since the last call; collects it when it has ended. Stops are told to who asks for them. */
  wait(pid: number, options?: { stops: boolean }): ChildChange | null;
  /** The two ends of a new pipe, closed by exec from the beginning, so that nobody who is started meanwhile gets one. */
  openPipe(): { readFd: number; writeFd: number } | { errno: number };
}

export interface SpawnOrder {
  /** Absolute. */
  file: string;
  /** With argv[0]. */
  args: readonly string[];
  environment: Readonly<Record<string, string>>;
  /** Null for ours. */
  cwd: string | null;
  /** A session of its own, a process group of its own in our session, or ours. */
  place: 'session' | 'group' | 'ours';
  /** What it has open, and nothing else: a descriptor of ours at each number, or an empty file; no entry leaves that number closed. */
  descriptors: readonly (number | 'empty' | undefined)[];
  /** A terminal in whose foreground it begins, before its first instruction where glibc can do that (2.35); null for none. */
  terminal?: number | null;
}

/** A signal is a number. */
export type ChildChange =
  | { kind: 'exited'; exitCode: number }
  | { kind: 'signaled'; signal: number }
  | { kind: 'stopped'; signal: number }
  /** It is no child of ours any more: somebody else has collected it. */
  | { kind: 'lost' };

/** Null without koffi, and where the C library cannot change the directory of a child (glibc before 2.29): Node starts it there. */
export function loadProcessSpawn(): ProcessSpawn | null {
  const libc = loadLibc();
  if (libc === null) return null;
  if (bindings === undefined) bindings = bindFunctions(libc);
  const calls = bindings;
  if (calls === null) return null;

  return {
    spawn({ file, args, environment, cwd, place, descriptors, terminal = null }) {
      const [attributes, actions, signals, pid] = [opaque(), opaque(), opaque(), new Int32Array(1)];
      calls.attrInit(attributes);
      calls.actionsInit(actions);
      calls.setFlags(attributes, placeFlags[place] | SETSIGDEF | SETSIGMASK);
      calls.setGroup(attributes, 0);
      // Whatever we catch or ignore is our business.
      calls.fill(signals);
      calls.setDefaults(attributes, signals);
      calls.empty(signals);
      calls.setMask(attributes, signals);
      if (cwd !== null) calls.changeDirectory(actions, cwd);
      for (const step of planDescriptors(descriptors)) {
        if (step.kind === 'duplicate') calls.duplicate(actions, step.from, step.to);
        else if (step.kind === 'close') calls.close(actions, step.fd);
        else calls.open(actions, step.fd, '/dev/null', O_RDWR, 0);
      }
      if (terminal !== null) calls.setForeground?.(actions, terminal);
      const errno: number = calls.spawn(pid, file, actions, attributes, [...args, null], [...linesOf(environment), null]);
      calls.actionsDestroy(actions);
      calls.attrDestroy(attributes);
      return errno === 0 ? { pid: pid[0] as number } : { errno };
    },
    wait(pid, { stops } = { stops: false }) {
      const status = new Int32Array(1);
      const answer: number = calls.waitpid(pid, status, stops ? WNOHANG | WUNTRACED : WNOHANG);
      if (answer === 0) return null;
      return answer === pid ? readStatus(status[0] as number) : { kind: 'lost' };
    },
    openPipe() {
      const ends = new Int32Array(2);
      if (calls.pipe2(ends, O_CLOEXEC) !== 0) return { errno: libc.errno() };
      return { readFd: ends[0] as number, writeFd: ends[1] as number };
    },
  };
}

/** environ(7) */
const linesOf = (environment: SpawnOrder['environment']): string[] =>
  Object.entries(environment).map(([name, value]) => `${name}=${value}`);

type Step = { kind: 'duplicate'; from: number; to: number } | { kind: 'open'; fd: number } | { kind: 'close'; fd: number };

/**
 * In which order a child puts its descriptors in place. All of ours are closed by exec, but for what dup2 made; onto itself, it
 * takes that mark away (posix_spawn_file_actions_adddup2, glibc 2.29). What would be overwritten before it is used is moved first.
 */
export function planDescriptors(descriptors: SpawnOrder['descriptors']): Step[] {
  const { length } = descriptors;
  let spare = Math.max(length, ...descriptors.map((one) => (typeof one === 'number' ? one + 1 : 0)));
  const [moves, places, closes]: Step[][] = [[], [], []] as [Step[], Step[], Step[]];
  for (const [to, from] of descriptors.entries()) {
    if (from === undefined) continue;
    if (from === 'empty') places.push({ kind: 'open', fd: to });
    else if (from >= length || from === to) places.push({ kind: 'duplicate', from, to });
    else {
      moves.push({ kind: 'duplicate', from, to: spare });
      places.push({ kind: 'duplicate', from: spare, to });
      closes.push({ kind: 'close', fd: spare });
      spare += 1;
    }
  }
  return [...moves, ...places, ...closes];
}

/** WIFSTOPPED and its like (sys/wait.h), the same on every Linux. */
function readStatus(status: number): ChildChange {
  const low = status & 0x7f;
  const high = (status >> 8) & 0xff;
  if ((status & 0xff) === 0x7f) return { kind: 'stopped', signal: high };
  return low === 0 ? { kind: 'exited', exitCode: high } : { kind: 'signaled', signal: low };
}

const WNOHANG = 1;
const WUNTRACED = 2;
const O_RDWR = 2;
const O_CLOEXEC = 0o2000000;
/** spawn.h; that of sessions since glibc 2.26. */
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;
const placeFlags = { session: 0x80, group: 0x02, ours: 0 };

/** posix_spawnattr_t (336 bytes in glibc and musl), posix_spawn_file_actions_t (80), sigset_t (128). */
const opaque = () => new Uint8Array(512);

let bindings: ReturnType<typeof bindFunctions> | undefined;
function bindFunctions({ lib }: Libc) {
  const find = (declaration: string) => {
    try {
      return lib.func(declaration);
    } catch {
      return null;
    }
  };
  const changeDirectory = find('int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)');
  if (changeDirectory === null) return null;
  return {
    changeDirectory,
    spawn: lib.func('int posix_spawn(void *pid, const char *path, void *actions, void *attributes, const char **args, const char **env)'),
    pipe2: lib.func('int pipe2(void *ends, int flags)'),
    waitpid: lib.func('int waitpid(int pid, void *status, int options)'),
    attrInit: lib.func('int posix_spawnattr_init(void *attributes)'),
    attrDestroy: lib.func('int posix_spawnattr_destroy(void *attributes)'),
    setFlags: lib.func('int posix_spawnattr_setflags(void *attributes, short flags)'),
    setGroup: lib.func('int posix_spawnattr_setpgroup(void *attributes, int group)'),
    setDefaults: lib.func('int posix_spawnattr_setsigdefault(void *attributes, void *signals)'),
    setMask: lib.func('int posix_spawnattr_setsigmask(void *attributes, void *signals)'),
    actionsInit: lib.func('int posix_spawn_file_actions_init(void *actions)'),
    actionsDestroy: lib.func('int posix_spawn_file_actions_destroy(void *actions)'),
    duplicate: lib.func('int posix_spawn_file_actions_adddup2(void *actions, int fd, int newFd)'),
    open: lib.func('int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, uint mode)'),
    close: lib.func('int posix_spawn_file_actions_addclose(void *actions, int fd)'),
    fill: lib.func('int sigfillset(void *signals)'),
    empty: lib.func('int sigemptyset(void *signals)'),
    setForeground: find('int posix_spawn_file_actions_addtcsetpgrp_np(void *actions, int fd)'),
  };
}
