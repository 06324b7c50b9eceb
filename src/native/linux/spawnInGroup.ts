import { type Libc, loadLibc } from './libc.ts';

/** A child in a process group of its own, in our session, with our descriptors 0 to 2: what a shell makes of a job. */
export interface GroupSpawn {
  spawn(order: GroupOrder): { pid: number } | { errno: number };
  /** What became of it since the last call; collects it when it has ended. */
  wait(pid: number): ChildChange | null;
}

export interface GroupOrder {
  file: string;
  /** With argv[0]. */
  args: readonly string[];
  /** NAME=value */
  environment: readonly string[];
  /** A terminal in whose foreground it begins, before its first instruction where glibc can do that (2.35); null for none. */
  terminal: number | null;
}

/** A signal is a number. */
export type ChildChange =
  | { kind: 'exited'; exitCode: number }
  | { kind: 'signaled'; signal: number }
  | { kind: 'stopped'; signal: number }
  /** It is no child of ours any more: somebody else has collected it. */
  | { kind: 'lost' };

/** Null without koffi: Node makes a session for a child, or leaves it in our group. */
export function loadGroupSpawn(): GroupSpawn | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const calls = bindings;

  return {
    spawn({ file, args, environment, terminal }) {
      const [attributes, actions, signals, pid] = [opaque(), opaque(), opaque(), new Int32Array(1)];
      calls.attrInit(attributes);
      calls.actionsInit(actions);
      calls.setFlags(attributes, SETPGROUP | SETSIGDEF | SETSIGMASK);
      calls.setGroup(attributes, 0);
      // Whatever we catch or ignore is our business.
      calls.fill(signals);
      calls.setDefaults(attributes, signals);
      calls.empty(signals);
      calls.setMask(attributes, signals);
      // Node marks them to be closed by exec; onto itself, dup2 takes the mark away (posix_spawn_file_actions_adddup2, glibc 2.29).
      for (const fd of [0, 1, 2]) calls.duplicate(actions, fd, fd);
      if (terminal !== null) calls.setForeground?.(actions, terminal);
      const errno: number = calls.spawn(pid, file, actions, attributes, [...args, null], [...environment, null]);
      calls.actionsDestroy(actions);
      calls.attrDestroy(attributes);
      return errno === 0 ? { pid: pid[0] as number } : { errno };
    },
    wait(pid) {
      const status = new Int32Array(1);
      const answer: number = calls.waitpid(pid, status, WNOHANG | WUNTRACED);
      if (answer === 0) return null;
      return answer === pid ? readStatus(status[0] as number) : { kind: 'lost' };
    },
  };
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
const SETPGROUP = 0x02;
const SETSIGDEF = 0x04;
const SETSIGMASK = 0x08;

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
  return {
    spawn: lib.func('int posix_spawn(void *pid, const char *path, void *actions, void *attributes, const char **args, const char **env)'),
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
    fill: lib.func('int sigfillset(void *signals)'),
    empty: lib.func('int sigemptyset(void *signals)'),
    setForeground: find('int posix_spawn_file_actions_addtcsetpgrp_np(void *actions, int fd)'),
  };
}
