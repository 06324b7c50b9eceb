import fs from 'node:fs';
import { loadCpuClock } from '../../../native/linux/cpuClock.ts';
import { loadPidfds, type Pidfds } from '../../../native/linux/pidfd.ts';
import type { ProcessInfo } from '../../../protocol/types/process.ts';
import { parseCommandLine } from '../parse/commandLine.ts';
import { parseProcCgroup } from '../parse/procCgroup.ts';
import { completeName } from '../parse/processName.ts';
import { hasEnded, type ProcStat, parseProcStat } from '../parse/procStat.ts';
import { decodeText } from '../parse/text.ts';
import type { Glimpse, Placement, Processes, ProcessSample } from '../types.ts';
import { listCgroup, sampleCgroup } from './cgroup.ts';
import { pagesToBytes, startedAt, ticksToMs } from './clocks.ts';
import { readVariable } from './environ.ts';
import { assertOwnProc } from './heldProcess.ts';
import { formatIdentity, sameIdentity } from './identity.ts';
import { type Observation, observe, observeByPidfd } from './observe.ts';
import { isDenied, isGone, procReads, readProcFile, readProcLink } from './procFiles.ts';
import { userName } from './users.ts';

/**
 * The processes of Linux, from /proc (proc(5)). Native calls add the pidfd’s inode to an identity and read CPU time
 * exactly; without them both are told by /proc alone.
 */
export function createLinuxProcesses({ native }: { native: boolean }): Processes {
  const pidfds = () => (native ? loadPidfds() : null);
  return {
    describe: (pid) => describe(pid, pidfds()),
    glimpse: (pid) => glimpse(pid, pidfds()),
    glimpseHeld: (pid) => glimpseHeld(pid, pidfds()),
    identify: (pid) => identify(pid, pidfds()),
    listPids,
    readParents,
    sample: (pid) => sample(pid, pidfds(), native),
    sameIdentity,
    readPlacement,
    readVariable: (pid, name) => readVariable(pid, name, pidfds()),
    listCgroup,
    sampleCgroup,
    whyNoGroups: () => null,
  };
}

function describe(pid: number, pidfds: Pidfds | null): ProcessInfo | null {
  const observed = observe(pid, pidfds, (directory) => {
    const commandLine = parseFile(`${directory}/cmdline`, parseCommandLine);
    const executable = readLink(`${directory}/exe`);
    // Whoever may follow one may follow both (proc_fd_access_allowed in fs/proc/base.c), and a refusal is slow in Node.
    return { commandLine, executable, cwd: executable.isDenied ? executable : readLink(`${directory}/cwd`) };
  });
  if (observed === null) return null;
  const { stat, status, seen } = observed;
  // A zombie has given all of this back, also to those who may see it.
  const isZombie = stat.state === 'Z';
  const executable = isZombie ? nothing : seen.executable;
  const cwd = isZombie ? nothing : seen.cwd;
  const commandLine = isZombie ? null : seen.commandLine;
  const isPartial = (executable.isDenied && !stat.isKernelThread) || cwd.isDenied;
  return {
    pid,
    ppid: stat.ppid,
    startedAt: startedAt(stat.startTicks),
    identity: identityOf(observed),
    name: completeName(stat.comm, commandLine?.[0], executable.path),
    executable: executable.path,
    commandLine,
    cwd: cwd.path,
    user: { id: status.euid, name: userName(status.euid) },
    pgid: stat.pgid,
    sid: stat.sid,
    status: statusOf(stat),
    rssBytes: status.rssBytes ?? pagesToBytes(stat.rssPages),
    visibility: isPartial ? 'partial' : 'full',
  };
}

function glimpse(pid: number, pidfds: Pidfds | null): Glimpse | null {
  const held = glimpseHeld(pid, pidfds);
  if (held === null) return null;
  if (held.handle !== null) fs.closeSync(held.handle);
  return held.info;
}

function glimpseHeld(pid: number, pidfds: Pidfds | null): { info: Glimpse; handle: number | null } | null {
  const reads = procReads({ native: pidfds !== null });
  const seen =
    pidfds === null
      ? null
      : observeByPidfd(pid, pidfds, (directory) => ({
          commandLine: parseFile(`${directory}/cmdline`, parseCommandLine, reads),
          executable: readLink(`${directory}/exe`, reads).path,
        }));
  if (seen === null) {
    const info = describe(pid, pidfds);
    return info && { info, handle: null };
  }
  const { stat, inode, pidfd } = seen;
  const isZombie = stat.state === 'Z';
  const commandLine = isZombie ? null : seen.seen.commandLine;
  const executable = isZombie ? null : seen.seen.executable;
  const status = statusOf(stat);
  if (status === 'zombie') fs.closeSync(pidfd);
  return {
    info: {
      pid,
      ppid: stat.ppid,
      pgid: stat.pgid,
      sid: stat.sid,
      identity: formatIdentity({ pid, startTicks: stat.startTicks, inode }),
      startedAt: startedAt(stat.startTicks),
      name: completeName(stat.comm, commandLine?.[0], executable),
      executable,
      commandLine,
      status,
    },
    handle: status === 'zombie' ? null : pidfd,
  };
}

const statusOf = (stat: ProcStat): ProcessInfo['status'] => (hasEnded(stat) ? 'zombie' : (statusWords[stat.state] ?? 'other'));

/** fs/proc/array.c, task_state_array. Z is left out: a leader that ended before its threads is no zombie. */
const statusWords: Record<string, ProcessInfo['status']> = {
  R: 'running',
  S: 'sleeping',
  I: 'sleeping',
  D: 'uninterruptible',
  T: 'stopped',
  t: 'stopped',
};

function identify(pid: number, pidfds: Pidfds | null): string | null {
  const observed = observe(pid, pidfds, () => null);
  return observed === null || hasEnded(observed.stat) ? null : identityOf(observed);
}

function sample(pid: number, pidfds: Pidfds | null, native: boolean): ProcessSample | null {
  const cpuClock = native ? loadCpuClock() : null;
  const observed = observe(pid, pidfds, () => ({ cpuMs: cpuClock?.(pid) ?? null, atMs: monotonicMs() }));
  if (observed === null || hasEnded(observed.stat)) return null;
  const { stat, status, seen } = observed;
  return {
    ref: { pid, identity: identityOf(observed) },
    cpuMs: seen.cpuMs ?? ticksToMs(stat.cpuTicks),
    rssBytes: status.rssBytes ?? pagesToBytes(stat.rssPages),
    atMs: seen.atMs,
  };
}

/** CLOCK_MONOTONIC: the same in every thread, where performance.now() begins with the thread. */
const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1_000_000;

const identityOf = ({ stat, inode }: Observation<unknown>): string => formatIdentity({ pid: stat.pid, startTicks: stat.startTicks, inode });

/** The directory lists processes only; threads can be opened by their id but are not in it. */
export function listPids(): number[] {
  assertOwnProc();
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function readParents(): Map<number, number> {
  const parents = new Map<number, number>();
  for (const pid of listPids()) {
    try {
      const stat = parseProcStat(readProcFile(`/proc/${pid}/stat`));
      if (stat !== null) parents.set(pid, stat.ppid);
    } catch (error) {
      if (!isGone(error) && !isDenied(error)) throw error;
    }
  }
  return parents;
}

function readPlacement(pid: number): Placement | null {
  return observe(pid, null, (directory) => parseFile(`${directory}/cgroup`, (bytes) => parseProcCgroup(decodeText(bytes))))?.seen ?? null;
}

/** An absent file counts as empty: the kernel may lack it, and whether it is the process that is gone tells `observe`. */
function parseFile<Value>(path: string, parse: (bytes: Uint8Array) => Value, reads = procReads({ native: false })): Value {
  try {
    return parse(reads.file(path));
  } catch (error) {
    if (isGone(error)) return parse(new Uint8Array());
    throw error;
  }
}

interface Link {
  path: string | null;
  isDenied: boolean;
}

const nothing: Link = { path: null, isDenied: false };

/** Where a link leads; nowhere for a kernel thread, a zombie, or one that we may not follow. */
function readLink(path: string, reads = procReads({ native: false })): Link {
  try {
    return { path: readProcLink(path, reads), isDenied: false };
  } catch (error) {
    if (isDenied(error)) return { path: null, isDenied: true };
    if (isGone(error)) return nothing;
    throw error;
  }
}
