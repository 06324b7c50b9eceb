import { constants } from 'node:os';
import { type LibSystem, loadLibSystem } from './libSystem.ts';

/** libproc(3), undecoded. `denied` is a process of another user, null one that is gone. */
export interface Libproc {
  /** proc_listpids(PROC_ALL_PIDS): all processes, of other users too; zombies are not among them. */
  listPids(): number[];
  /** proc_pidinfo: exactly so many bytes. Another number throws: then the system has another layout. */
  info(pid: number, flavor: keyof typeof flavors, size: number): Uint8Array | 'denied' | null;
  /** An array of struct proc_fdinfo. */
  descriptors(pid: number): Uint8Array | 'denied' | null;
  /** struct socket_fdinfo of one descriptor; null when it has been closed. */
  socket(pid: number, fd: number, size: number): Uint8Array | null;
  /** The program file; null for one that has none, or is gone. */
  path(pid: number): string | null;
  /** getsid(2); null for one that is gone. */
  session(pid: number): number | null;
  /** What one unit of CPU time is, in ns (mach_timebase_info). */
  timebase(): { numerator: number; denominator: number };
}

/** proc_info.h */
const flavors = { bsd: 3, task: 4, vnodePaths: 9 } as const;
const PROC_PIDLISTFDS = 1;
const PROC_PIDFDSOCKETINFO = 3;
const PROC_ALL_PIDS = 1;
const PROC_PIDPATHINFO_MAXSIZE = 4_096;

/** Null without native calls: ps(1) and lsof(8) are asked then. */
export function loadLibproc(): Libproc | null {
  const system = loadLibSystem();
  if (system === null) return null;
  loaded ??= bind(system);
  return loaded;
}
let loaded: Libproc | undefined;

function bind({ lib, errno, clearErrno }: LibSystem): Libproc {
  const listPids = lib.func('int proc_listpids(uint32_t kind, uint32_t value, void *buffer, int size)');
  const pidInfo = lib.func('int proc_pidinfo(int pid, int flavor, uint64_t argument, void *buffer, int size)');
  const descriptorInfo = lib.func('int proc_pidfdinfo(int pid, int fd, int flavor, void *buffer, int size)');
  const pidPath = lib.func('int proc_pidpath(int pid, void *buffer, uint32_t size)');
  const getSession = lib.func('int getsid(int pid)');
  const getTimebase = lib.func('int mach_timebase_info(void *info)');
  let buffer = new Uint8Array(64 * 1024);

  return {
    listPids() {
      const bytes = grow((into) => listPids(PROC_ALL_PIDS, 0, into, into.length));
      if (bytes === 'denied' || bytes === null) throw new Error(`proc_listpids failed: errno ${errno()}`);
      return [...new Int32Array(bytes.buffer)].filter((pid) => pid > 0);
    },

    info(pid, flavor, size) {
      const count = pidInfo(pid, flavors[flavor], 0, buffer, size);
      if (count <= 0) return refusal();
      if (count !== size) throw new Error(`proc_pidinfo(${flavor}) gave ${count} bytes instead of ${size}`);
      return buffer.slice(0, size);
    },

    descriptors: (pid) => grow((into) => pidInfo(pid, PROC_PIDLISTFDS, 0, into, into.length)),

    socket(pid, fd, size) {
      const count = descriptorInfo(pid, fd, PROC_PIDFDSOCKETINFO, buffer, size);
      if (count > 0 && count !== size) throw new Error(`proc_pidfdinfo gave ${count} bytes instead of ${size}`);
      return count > 0 ? buffer.slice(0, size) : null;
    },

    path(pid) {
      const length = pidPath(pid, buffer, PROC_PIDPATHINFO_MAXSIZE);
      return length > 0 ? decoder.decode(buffer.subarray(0, length)) : null;
    },

    session(pid) {
      const session = getSession(pid);
      return session < 0 ? null : session;
    },

    timebase() {
      const info = new Uint32Array(2);
      getTimebase(info);
      return { numerator: info[0] as number, denominator: info[1] as number };
    },
  };

  /** These calls fill what they are given and do not say that there is more. */
  function grow(call: (into: Uint8Array) => number): Uint8Array | 'denied' | null {
    for (;;) {
      clearErrno();
      const count = call(buffer);
      if (count <= 0) return errno() === 0 ? new Uint8Array() : refusal();
      if (count < buffer.length) return buffer.slice(0, count);
      buffer = new Uint8Array(buffer.length * 2);
    }
  }

  function refusal(): 'denied' | null {
    return errno() === constants.errno.EPERM ? 'denied' : null;
  }
}

const decoder = new TextDecoder();
