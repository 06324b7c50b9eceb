import { endianness } from 'node:os';
import { type Libc, loadLibc } from './libc.ts';

/** The CPU time that a process has used so far, all threads, in ms, exact to the ns; null when there is no such process. */
export type CpuClock = (pid: number) => number | null;

/** Null without koffi: /proc/PID/stat then tells it in ticks of 10 ms. */
export function loadCpuClock(): CpuClock | null {
  const libc = loadLibc();
  if (libc === null) return null;
  bindings ??= bindFunctions(libc);
  const calls = bindings;
  return (pid) => {
    const time = new DataView(new ArrayBuffer(16));
    if (calls.gettime(clockOf(pid), time.buffer) !== 0) return null;
    return Number(time.getBigInt64(0, isLittleEndian)) * 1_000 + Number(time.getBigInt64(8, isLittleEndian)) / 1_000_000;
  };
}

let bindings: ReturnType<typeof bindFunctions> | undefined;
function bindFunctions({ lib }: Libc) {
  return { gettime: lib.func('int clock_gettime(int clock, void *time)') };
}

/** What clock_getcpuclockid(3) makes of a pid: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED), include/linux/posix-timers.h. */
const clockOf = (pid: number): number => (~pid << 3) | 2;

const isLittleEndian = endianness() === 'LE';
